// Links marked data-dialog open their page's question in a dialog; without script they lead there.
import { words } from "./words.js";

export function wireDialogs(root) {
  const dialog = root.getElementById("dialog");
  let opener = null;

  root.addEventListener("click", async (event) => {
    const link = event.target.closest("a[data-dialog]");
    if (link && !event.metaKey && !event.ctrlKey && !event.shiftKey) {
      event.preventDefault();
      opener = link;
      try {
        const answer = await fetch(link.href, { headers: { Accept: "text/html" } });
        const page = new DOMParser().parseFromString(await answer.text(), "text/html");
        const question = page.querySelector(".confirm");
        if (!question) throw new Error(words.failed);
        question.querySelector("h1")?.setAttribute("id", "dialog-title");
        dialog.replaceChildren(question);
        dialog.showModal();
        (dialog.querySelector("[autofocus]") ?? dialog.querySelector("a, button, input"))?.focus();
      } catch {
        location.assign(link.href);
      }
      return;
    }
    if (event.target === dialog || (event.target.closest("[data-close]") && dialog.open)) {
      event.preventDefault();
      dialog.close();
    }
  });
  dialog?.addEventListener("close", () => opener?.focus());
}
