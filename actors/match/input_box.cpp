#include "actors/match/input_box.hpp"

namespace troupe::match {

InputBox::~InputBox() {
  home_.forget(match_);
}

bool InputBox::put(InputPtr input) {
  const std::lock_guard lock(mutex_);
  if (waiting_.size() >= kMost) return false;
  waiting_.push_back(std::move(input));
  return true;
}

void InputBox::take(std::vector<InputPtr>& out) {
  out.clear();
  const std::lock_guard lock(mutex_);
  out.swap(waiting_);
}

InputBoxes::Put InputBoxes::put(const std::string& match, InputPtr input) {
  // Let go of after the lock: it may be the last to hold the box.
  std::shared_ptr<InputBox> box;
  {
    const std::shared_lock lock(mutex_);
    if (const auto found = boxes_.find(match); found != boxes_.end()) box = found->second.lock();
  }
  if (box == nullptr) return Put::closed;
  return box->put(std::move(input)) ? Put::taken : Put::full;
}

std::shared_ptr<InputBox> InputBoxes::open(const std::string& match) {
  auto box = std::make_shared<InputBox>(*this, match);
  const std::lock_guard lock(mutex_);
  boxes_[match] = box;
  return box;
}

void InputBoxes::forget(const std::string& match) {
  const std::lock_guard lock(mutex_);
  // A restarted match may have opened another by now.
  const auto found = boxes_.find(match);
  if (found != boxes_.end() && found->second.expired()) boxes_.erase(found);
}

}  // namespace troupe::match
