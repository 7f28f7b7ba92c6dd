// Copy buttons: hidden without script; each copies the text of the element it names.
import { announce, words } from "./words.js";

function show(root) {
  for (const button of root.querySelectorAll("[data-copy][hidden]")) button.hidden = false;
}

export function wireCopying(root) {
  show(root);
  root.addEventListener("htmx:afterSettle", () => show(root));
  root.addEventListener("click", async (event) => {
    const button = event.target.closest("[data-copy]");
    if (!button) return;
    const source = document.getElementById(button.dataset.copy);
    await navigator.clipboard.writeText(source.value ?? source.textContent);
    const label = button.querySelector("span");
    const before = label.textContent;
    label.textContent = words.copied;
    announce(words.copied);
    setTimeout(() => (label.textContent = before), 1600);
  });
}
