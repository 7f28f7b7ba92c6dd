// The launch page: the address bar is the link, unfolded parts ask the runtime once the typing
// stops, and a name is selected when one comes to it. Checking is htmx's, by attributes.
import htmx from "htmx.org";

const QUIET = 700; // milliseconds after a check before the runtime is asked

export function wireLauncher(root) {
  const form = root.getElementById("launch-form");
  if (!form?.dataset.lookAt) return;
  let waiting = 0;

  const follow = () => {
    const address = root.getElementById("state")?.dataset.address;
    if (address) history.replaceState(history.state, "", address + location.hash);
  };
  const look = () => {
    const open = [...form.querySelectorAll("details[data-look][open]")].map((fold) => fold.dataset.look);
    const asked = { source: form, swap: "none", values: { unfolded: open } };
    // The next edit takes its place; other failures are told by the listener below.
    htmx.ajax("POST", form.dataset.lookAt, asked).catch(() => {});
  };
  const lookSoon = (after) => {
    clearTimeout(waiting);
    waiting = setTimeout(look, after);
  };
  const told = (event) => event.detail.requestConfig?.path ?? event.detail.pathInfo?.requestPath;

  follow();
  for (const fold of form.querySelectorAll("details[data-look]")) {
    fold.addEventListener("toggle", () => fold.open && lookSoon(0));
  }
  form.addEventListener("htmx:beforeRequest", () => clearTimeout(waiting));
  form.addEventListener("htmx:afterRequest", (event) => {
    const { successful, failed, xhr } = event.detail;
    if (failed && xhr?.status !== 0) root.getElementById("unchecked").hidden = false;
    if (!successful) return;
    root.getElementById("unchecked").hidden = true;
    if (told(event) !== form.dataset.checkAt) return;
    follow();
    lookSoon(QUIET);
  });
  form.addEventListener("htmx:sendError", () => (root.getElementById("unchecked").hidden = false));
  form.addEventListener("focusin", ({ target }) => {
    if (target.dataset.select === undefined) return;
    // The click that brings the focus would put the caret and undo it.
    requestAnimationFrame(() => root.activeElement === target && target.select());
  });
}
