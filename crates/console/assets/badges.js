// Words with a colour, as templates/macros.html writes them.

/** `tone` is one of pages/badge.rs. */
export function badge(tone, word) {
  const element = document.createElement("span");
  element.className = `badge badge-${tone}`;
  element.textContent = word;
  return element;
}
