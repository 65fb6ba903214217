// Shows times in the reader's zone; the server wrote them in UTC, which stays as the title.

const pad = (number) => String(number).padStart(2, "0");

/** The time of day. */
export const clock = (at) => [at.getHours(), at.getMinutes(), at.getSeconds()].map(pad).join(":");

function text(at) {
  return `${[at.getFullYear(), pad(at.getMonth() + 1), pad(at.getDate())].join("-")} ${clock(at)}`;
}

/** Shows one time. */
function show(element) {
  const at = new Date(element.dateTime);
  if (Number.isNaN(at.getTime())) return;
  element.title = `${element.dateTime.replace("T", " ").replace("Z", "")} UTC`;
  element.textContent = text(at);
  element.dataset.local = "";
}

/** A time to put into the page. */
export function time(at) {
  const element = document.createElement("time");
  element.dateTime = at;
  show(element);
  return element;
}

/** Shows all times within an element. */
export function localize(root) {
  root.querySelectorAll("time[datetime]:not([data-local])").forEach(show);
  for (const zone of root.querySelectorAll("[data-zone]")) {
    zone.textContent = `Times are in your zone, ${Intl.DateTimeFormat().resolvedOptions().timeZone}; point at one for UTC.`;
  }
}
