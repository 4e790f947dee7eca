// The poll beside the picture: shows how it stands, takes a vote, says aloud when it opens and closes.

/** `form` holds legend, .options, button and output; `vote(number, option)` sends. */
export class PollPanel {
  constructor(form, status, vote) {
    this.form = form;
    this.status = status;
    this.poll = null;
    this.mine = null;
    form.addEventListener('submit', (event) => {
      event.preventDefault();
      const chosen = form.querySelector('input:checked');
      if (chosen && this.poll?.state === 'open') vote(this.poll.number, Number(chosen.value));
    });
  }

  /** A `poll` message: it opened, stands so, or closed. */
  show(poll) {
    const fresh = this.poll?.number !== poll.number;
    if (!fresh && this.poll.state === 'closed') return;
    if (fresh) {
      this.mine = null;
      this.build(poll);
    }
    this.poll = poll;
    const open = poll.state === 'open';
    poll.options.forEach(({ votes }, i) => {
      const row = this.form.querySelector(`[data-option="${i}"]`);
      const meter = row.querySelector('meter');
      meter.max = Math.max(1, poll.votes);
      meter.value = votes;
      row.querySelector('output').textContent = votes;
      row.querySelector('input').disabled = !open;
    });
    this.form.querySelector('button').hidden = !open;
    this.form.querySelector('.total').textContent = `${poll.votes} ${poll.votes === 1 ? 'vote' : 'votes'}`;
    if (!open) this.say(`Poll closed: ${result(poll)}`);
    else if (fresh) this.say(`Poll: ${poll.question}`);
  }

  build(poll) {
    this.form.hidden = false;
    this.form.querySelector('legend').textContent = poll.question;
    this.form.querySelector('.options').replaceChildren(...poll.options.map(({ text }, i) => {
      const row = document.createElement('label');
      row.dataset.option = i;
      const input = Object.assign(document.createElement('input'), { type: 'radio', name: 'poll-option', value: i });
      const name = document.createElement('span');
      name.textContent = text;
      const meter = document.createElement('meter');
      meter.setAttribute('aria-label', `Share of ${text}`);
      row.append(input, name, meter, document.createElement('output'));
      return row;
    }));
    this.label();
  }

  /** The server has this vote of ours. */
  voted(number, option) {
    if (this.poll?.number !== number) return;
    this.mine = option;
    const input = this.form.querySelector(`[data-option="${Number(option)}"] input`);
    if (input) input.checked = true;
    this.label();
    this.say(`You voted for ${this.poll.options[option].text}`);
  }

  label() {
    this.form.querySelector('button').textContent = this.mine === null ? 'Vote' : 'Change vote';
  }

  say(text) {
    this.status.textContent = text;
  }
}

/** "yes, 3 of 4" */
export function result(poll) {
  if (poll.votes === 0) return 'nobody voted';
  const most = Math.max(...poll.options.map(({ votes }) => votes));
  const winners = poll.options.filter(({ votes }) => votes === most).map(({ text }) => text);
  return `${winners.join(' and ')}, ${most} of ${poll.votes}${winners.length > 1 ? ' each' : ''}`;
}
