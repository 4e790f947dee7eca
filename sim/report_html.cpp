// The HTML form of a report: one page, inline style, SVG plots, no script and no outside reference.
#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "sim/report.hpp"

namespace troupe::sim {
namespace {

constexpr int kWidth = 560, kHeight = 190, kLeft = 56, kRight = 12, kTop = 10, kBottom = 30;
constexpr const char* kColours[] = {"#4c9be8", "#e8804c", "#5dbb63",
                                    "#b07cd8", "#d8b24c", "#4cc3c9"};

constexpr const char* kStyle = R"(
:root{color-scheme:light dark;--bg:#fff;--fg:#1b1f24;--soft:#5b6570;--line:#d7dce1;--card:#f6f8fa;--bad:#b3261e}
@media(prefers-color-scheme:dark){:root{--bg:#12161b;--fg:#e6eaee;--soft:#97a3af;--line:#2b333b;--card:#1a2027;--bad:#ff8a80}}
body{font:15px/1.45 system-ui,sans-serif;margin:0 auto;max-width:1240px;padding:24px;background:var(--bg);color:var(--fg)}
h1{font-size:22px;margin:0}h2{font-size:17px;margin:28px 0 8px;text-transform:capitalize}
p,code{color:var(--soft)}table{border-collapse:collapse;width:100%}
td,th{padding:4px 8px;border-bottom:1px solid var(--line);text-align:left}
td.n,th.n{text-align:right;font-variant-numeric:tabular-nums}
.grid{display:grid;grid-template-columns:repeat(auto-fit,minmax(420px,1fr));gap:16px}
.card{background:var(--card);border:1px solid var(--line);border-radius:8px;padding:12px}
svg{width:100%;height:auto}svg text{fill:var(--soft);font-size:11px}svg .axis{stroke:var(--line)}
.bad{color:var(--bad);font-weight:600}
)";

std::string escape(const std::string& text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      default:
        out += c;
    }
  }
  return out;
}

std::string number(double value) {
  if (std::abs(value) >= 100 || value == std::floor(value)) return fmt::format("{:.0f}", value);
  return fmt::format("{:.2f}", value);
}

struct Curve {
  std::string name;
  std::vector<std::pair<double, double>> points;
};

struct Tick {
  double at = 0;
  std::string label;
};

double round_up(double value) {
  if (value <= 0) return 1;
  const double step = std::pow(10.0, std::floor(std::log10(value)));
  for (const double f : {1.0, 2.0, 2.5, 5.0, 10.0}) {
    if (value <= f * step) return f * step;
  }
  return 10 * step;
}

/// A line plot; x runs over [x_min, x_max], y from 0.
std::string plot(const std::vector<Curve>& curves, double x_min, double x_max,
                 const std::vector<Tick>& x_ticks) {
  double top = 0;
  for (const auto& curve : curves) {
    for (const auto& point : curve.points) top = std::max(top, point.second);
  }
  top = round_up(top);
  const auto x = [&](double v) {
    return kLeft + (v - x_min) / std::max(1e-9, x_max - x_min) * (kWidth - kLeft - kRight);
  };
  const auto y = [&](double v) { return kHeight - kBottom - v / top * (kHeight - kTop - kBottom); };
  std::string out = fmt::format("<svg viewBox=\"0 0 {} {}\" role=\"img\">", kWidth, kHeight);
  for (int i = 0; i <= 4; ++i) {
    const double v = top * i / 4;
    out += fmt::format("<line class=\"axis\" x1=\"{}\" x2=\"{}\" y1=\"{:.1f}\" y2=\"{:.1f}\"/>",
                       kLeft, kWidth - kRight, y(v), y(v));
    out += fmt::format("<text x=\"{}\" y=\"{:.1f}\" text-anchor=\"end\">{}</text>", kLeft - 6,
                       y(v) + 4, number(v));
  }
  for (const auto& tick : x_ticks) {
    out += fmt::format("<text x=\"{:.1f}\" y=\"{}\" text-anchor=\"middle\">{}</text>", x(tick.at),
                       kHeight - 10, tick.label);
  }
  std::size_t colour = 0;
  for (const auto& curve : curves) {
    out += fmt::format("<polyline fill=\"none\" stroke-width=\"2\" stroke=\"{}\" points=\"",
                       kColours[colour++ % std::size(kColours)]);
    for (const auto& [px, py] : curve.points) out += fmt::format("{:.1f},{:.1f} ", x(px), y(py));
    out += "\"/>";
  }
  out += "</svg><div>";
  colour = 0;
  for (const auto& curve : curves) {
    out += fmt::format("<span style=\"color:{}\">&#9632;</span> {} &nbsp; ",
                       kColours[colour++ % std::size(kColours)], escape(curve.name));
  }
  return out + "</div>";
}

std::string latency_card(const Section& section) {
  std::vector<Curve> curves;
  double nines = 1;
  for (const auto& [name, histogram] : section.latencies) {
    if (histogram.count() == 0) continue;
    Curve curve{name, {}};
    for (const auto& point : histogram.curve()) {
      const double at = -std::log10(std::max(1e-6, 1.0 - point.quantile));
      curve.points.emplace_back(at, point.ms);
      nines = std::max(nines, at);
    }
    curves.push_back(std::move(curve));
  }
  if (curves.empty()) return {};
  std::vector<Tick> ticks{{0, "0 %"},    {1, "90 %"},    {2, "99 %"},
                          {3, "99.9 %"}, {4, "99.99 %"}, {5, "99.999 %"}};
  std::erase_if(ticks, [&](const Tick& tick) { return tick.at > nines; });
  return "<div class=\"card\"><b>Latency by percentile (ms)</b>" + plot(curves, 0, nines, ticks) +
         "</div>";
}

std::string series_card(const Section::Series& series) {
  if (series.points.size() < 2) return {};
  const double from = series.points.front().first, to = series.points.back().first;
  std::vector<Tick> ticks;
  for (int i = 0; i <= 4; ++i) {
    const double at = from + (to - from) * i / 4;
    ticks.push_back({at, fmt::format("{:.0f} s", at)});
  }
  return fmt::format("<div class=\"card\"><b>{} ({})</b>{}</div>", escape(series.name),
                     escape(series.unit), plot({{series.name, series.points}}, from, to, ticks));
}

std::string section_html(const Section& section) {
  std::string out = "<h2>" + escape(section.title) + "</h2>";
  for (const auto& failure : section.failures)
    out += "<p class=\"bad\">" + escape(failure) + "</p>";
  out += "<div class=\"grid\"><div class=\"card\"><table>";
  for (const auto& row : section.rows) {
    out += fmt::format("<tr><td>{}</td><td class=\"n\">{}</td><td>{}</td></tr>", escape(row.name),
                       number(row.value), escape(row.unit));
  }
  out += "</table></div>";
  if (!section.latencies.empty()) {
    out +=
        "<div class=\"card\"><table><tr><th>latency (ms)</th><th class=\"n\">count</th><th "
        "class=\"n\">p50</th>"
        "<th class=\"n\">p99</th><th class=\"n\">p99.9</th><th class=\"n\">max</th></tr>";
    for (const auto& [name, h] : section.latencies) {
      out += fmt::format(
          "<tr><td>{}</td><td class=\"n\">{}</td><td class=\"n\">{:.2f}</td><td "
          "class=\"n\">{:.2f}</td>"
          "<td class=\"n\">{:.2f}</td><td class=\"n\">{:.2f}</td></tr>",
          escape(name), h.count(), h.quantile(0.5), h.quantile(0.99), h.quantile(0.999), h.max());
    }
    out += "</table></div>" + latency_card(section);
  }
  for (const auto& series : section.series) out += series_card(series);
  return out + "</div>";
}

}  // namespace

std::string Report::html() const {
  std::string out =
      "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\">"
      "<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\"><title>" +
      escape(title) + "</title><style>" + kStyle + "</style><h1>" + escape(title) + "</h1>";
  out += fmt::format("<p>{:.0f} s, started {}. <code>{}</code></p>", seconds, escape(started),
                     escape(command));
  if (!ok()) out += "<p class=\"bad\">Some checks failed.</p>";
  for (const auto& section : sections) out += section_html(section);
  return out + "</html>\n";
}

}  // namespace troupe::sim
