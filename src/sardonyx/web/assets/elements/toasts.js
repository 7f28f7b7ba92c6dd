// Toasts: a few at once, gone by a button, Escape, or time; none goes while it is being read.
const AT_ONCE = 3;
const SECONDS = 15;

function dismiss(toast) {
  const held = toast.contains(document.activeElement);
  const next = toast.nextElementSibling ?? toast.previousElementSibling;
  toast.remove();
  if (held) (next?.querySelector("[data-dismiss]") ?? document.getElementById("main")).focus();
}

function expire(toast) {
  if (!toast.isConnected) return;
  if (toast.matches(":hover, :focus-within")) setTimeout(() => expire(toast), 1000 * SECONDS);
  else dismiss(toast);
}

export function wireToasts(root) {
  const box = root.querySelector(".toasts");
  if (!box) return;
  new MutationObserver((changes) => {
    for (const { addedNodes } of changes) {
      for (const node of addedNodes) {
        if (node.nodeType === Node.ELEMENT_NODE) setTimeout(() => expire(node), 1000 * SECONDS);
      }
    }
    const idle = [...box.children].filter((toast) => !toast.contains(document.activeElement));
    for (const toast of idle.slice(0, Math.max(box.children.length - AT_ONCE, 0))) dismiss(toast);
  }).observe(box, { childList: true });
  box.addEventListener("click", (event) => {
    if (event.target.closest("[data-dismiss]")) dismiss(event.target.closest(".toast"));
  });
  box.addEventListener("keydown", (event) => {
    const toast = event.target.closest(".toast");
    if (event.key === "Escape" && toast) dismiss(toast);
  });
}
