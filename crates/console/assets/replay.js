// Keeps a replay's page as far as the replay is, by the stream that the API has for everybody.

import { badge } from "./badges.js";
import { time } from "./times.js";

const TIMES = ["started_at", "updated_at", "finished_at"];
/** As pages/badge.rs colours them. */
const TONES = { running: "info", finished: "good" };

const cell = (name) => document.querySelector(`[data-cell="${name}"]`);

/** As pages/replay.rs says it. */
function left(seconds) {
  if (seconds === null || seconds === undefined) return "";
  if (seconds < 60) return `about ${seconds} s left`;
  if (seconds < 3600) return `about ${Math.floor(seconds / 60)} min left`;
  return `about ${Math.floor(seconds / 3600)} h ${Math.floor((seconds % 3600) / 60)} min left`;
}

function fill(replay) {
  const bar = document.getElementById("bar");
  if (bar) {
    bar.value = replay.done;
    cell("done").textContent = replay.done;
    cell("left").textContent = left(replay.seconds_left);
  }
  for (const [outcome, letters] of Object.entries(replay.counts)) {
    const count = document.querySelector(`[data-count="${outcome}"]`);
    if (count) count.textContent = letters;
  }
  for (const name of TIMES) cell(name).replaceChildren(replay[name] ? time(replay[name]) : "not yet");
  cell("trouble").hidden = !replay.last_error;
  cell("last_error").textContent = replay.last_error ?? "";
}

const follow = document.getElementById("follow");

/** Said once: a screen reader reads each change. */
function say(text) {
  if (follow.textContent !== text) follow.textContent = text;
}

const { replay: id } = document.getElementById("replay").dataset;
const stream = new EventSource(`/api/v1/replays/${id}/stream`);
stream.addEventListener("progress", ({ data }) => {
  const replay = JSON.parse(data);
  fill(replay);
  if (!replay.finished_at) {
    say("This page follows it.");
    return;
  }
  // The stream has told its last: otherwise the browser would open it again.
  stream.close();
  document.getElementById("state").replaceChildren(badge(TONES[replay.state] ?? "plain", replay.state));
  for (const element of document.querySelectorAll("[data-running]")) element.hidden = true;
  follow.hidden = true;
});
stream.addEventListener("error", () => {
  // Closed for good where the session is over; otherwise the browser tries again.
  say(stream.readyState === EventSource.CLOSED ? "Not followed any more: load the page again." : "The connection is lost; trying again.");
});
