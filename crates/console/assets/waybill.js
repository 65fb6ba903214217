// What every page runs. Pages work without it.

import { localize } from "./times.js";

localize(document);
// What htmx has put into the page since.
document.addEventListener("htmx:load", (event) => localize(event.detail.elt));

// Fields that were left empty say nothing, and need not stand in the address.
document.addEventListener("htmx:configRequest", ({ detail }) => {
  if (detail.verb !== "get") return;
  for (const [name, value] of [...detail.formData]) {
    if (value === "") detail.formData.delete(name);
  }
});
