// Keeps the overview's numbers moving, by the stream that the API has for everybody.

import { badge } from "./badges.js";
import { clock, time } from "./times.js";

const POINTS_MAX = 150;
const SERIES = {
  rates: [
    ["accepted", "accepted_per_second", "--info"],
    ["committed", "committed_per_second", "--good"],
    ["failing", "failing_per_second", "--bad"],
  ],
  latency: [
    ["median", "latency_p50_ms", "--info"],
    ["p99", "latency_p99_ms", "--warn"],
  ],
  waiting: [
    ["in the queue", "queue_depth", "--info"],
    ["for a retry", "retrying", "--warn"],
  ],
};

const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

const at = (seconds) => clock(new Date(seconds * 1000));

/** A chart that grows by a point at a time. */
class Chart {
  constructor(name) {
    this.figure = document.getElementById(`chart-${name}`);
    this.series = SERIES[name];
    this.data = [[], ...this.series.map(() => [])];
    this.draw();
  }

  draw() {
    this.plot?.destroy();
    const axis = { stroke: colour("--muted"), grid: { stroke: colour("--line"), width: 1 }, ticks: { show: false } };
    const options = {
      ...this.size(),
      cursor: { drag: { x: false, y: false } },
      legend: { live: true },
      scales: { y: { range: (_plot, _least, most) => [0, most > 0 ? most * 1.1 : 1] } },
      axes: [{ ...axis, space: 70, values: (_plot, splits) => splits.map(this.tick) }, { ...axis, size: 56 }],
      series: [
        { label: "at", value: (_plot, seconds) => (seconds === null ? "–" : at(seconds)) },
        ...this.series.map(([label, , name], index) => ({
          label,
          stroke: colour(name),
          width: 2,
          // Told apart without colour, too.
          dash: [[], [8, 4], [2, 3]][index],
          points: { show: false },
        })),
      ],
    };
    this.plot = new globalThis.uPlot(options, this.data, this.figure);
  }

  /** An axis that spans no time has no times on it. */
  tick = (seconds) => (this.data[0].length > 1 ? at(seconds) : "");

  size() {
    return { width: Math.max(this.figure.clientWidth - 32, 200), height: 190 };
  }

  add(seconds, stats) {
    const point = [seconds, ...this.series.map(([, key]) => stats[key] ?? null)];
    point.forEach((value, index) => {
      this.data[index].push(value);
      if (this.data[index].length > POINTS_MAX) this.data[index].shift();
    });
    this.plot.setData(this.data);
  }
}

function text(key, value) {
  if (value === null || value === undefined) return key.startsWith("latency") ? "–" : "unknown";
  return key.endsWith("per_second") ? value.toFixed(1) : String(Math.round(value));
}

/** As pages/overview.rs says it. */
function state(source) {
  if (source.received === 0) return source.last_received_at ? badge("plain", "quiet") : badge("plain", "never heard of");
  return source.dead === 0 ? badge("good", "receiving") : badge("bad", "some are dead");
}

/** As pages/badge.rs colours them. */
const TONES = { applied: "good", conflict: "warn", dead: "bad", retrying: "warn" };

function verdictRow([name, count]) {
  const row = document.createElement("tr");
  const [head, cell] = [document.createElement("th"), document.createElement("td")];
  head.scope = "row";
  head.append(badge(TONES[name] ?? "plain", name.replaceAll("_", " ")));
  cell.className = "number";
  cell.textContent = count;
  row.append(head, cell);
  return row;
}

function fillVerdicts(verdicts) {
  const rows = Object.entries(verdicts).map(verdictRow);
  document.getElementById("no-verdicts").hidden = rows.length > 0;
  const table = document.getElementById("some-verdicts");
  table.hidden = rows.length === 0;
  table.tBodies[0].replaceChildren(...rows);
}

/** Workers tell every two seconds how much waits; as pages/overview.rs says it. */
const SILENT_AFTER_MS = 15000;

function fillSilence(stats) {
  const seen = stats.queues_seen_at;
  const silent = Boolean(seen) && Date.parse(stats.at) - Date.parse(seen) > SILENT_AFTER_MS;
  document.getElementById("silent").hidden = !silent;
  document.getElementById("silent-since").replaceChildren(silent ? time(seen) : "");
}

function fill(stats) {
  for (const element of document.querySelectorAll("[data-stat]")) {
    element.textContent = text(element.dataset.stat, stats[element.dataset.stat]);
  }
  document.getElementById("as-of").replaceChildren(time(stats.at));
  const rows = new Map([...document.querySelectorAll("[data-source]")].map((row) => [row.dataset.source, row]));
  for (const source of stats.sources) {
    const cell = (name) => rows.get(source.source)?.querySelector(`[data-cell="${name}"]`);
    cell("state")?.replaceChildren(state(source));
    cell("received")?.replaceChildren(String(source.received));
    cell("dead")?.replaceChildren(String(source.dead));
    cell("last")?.replaceChildren(source.last_received_at ? time(source.last_received_at) : "never");
    cell("rotation")?.replaceChildren(source.rotation ?? "not configured");
    cell("verified")?.replaceChildren(source.last_verified_at ? time(source.last_verified_at) : "unknown");
  }
  fillVerdicts(stats.verdicts);
  fillSilence(stats);
}

function say(tone, word) {
  const live = document.getElementById("live");
  // Said once: a screen reader reads each change.
  if (live.textContent === word) return;
  live.className = `badge badge-${tone}`;
  live.textContent = word;
}

document.getElementById("charts").hidden = false;
const charts = Object.keys(SERIES).map((name) => new Chart(name));
const redraw = () => charts.forEach((chart) => chart.draw());
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", redraw);
addEventListener("resize", () => charts.forEach((chart) => chart.plot.setSize(chart.size())));

const stream = new EventSource("/api/v1/stream");
stream.addEventListener("stats", ({ data }) => {
  const stats = JSON.parse(data);
  fill(stats);
  for (const chart of charts) chart.add(Date.parse(stats.at) / 1000, stats);
  say("good", "live");
});
stream.addEventListener("problem", () => say("warn", "the database does not answer"));
stream.addEventListener("error", () => {
  // Closed for good where the session is over; otherwise the browser tries again.
  say("bad", stream.readyState === EventSource.CLOSED ? "not live: load the page again" : "connection lost, trying again");
});
