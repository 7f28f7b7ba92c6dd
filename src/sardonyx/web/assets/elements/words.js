// Words of the page's language, and the place where a screen reader hears of changes.
const kept = document.getElementById("words");

export const words = kept ? kept.dataset : {};

export function announce(text) {
  const live = document.getElementById("live");
  if (live) live.textContent = text;
}

export function fill(template, values) {
  return template.replace(/\{(\w+)\}/g, (whole, name) => (name in values ? values[name] : whole));
}
