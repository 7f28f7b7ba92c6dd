// A page that launches by itself. Its address becomes that of the plain form first, so that
// “back” and a reload launch nothing again; a page that is only prerendered waits to be seen.
export function wireLaunchNow(root) {
  const form = root.querySelector("form[data-launch-now]");
  if (!form) return;
  const launch = () => {
    history.replaceState(null, "", form.dataset.launchNow);
    form.requestSubmit();
  };
  if (document.prerendering) root.addEventListener("prerenderingchange", launch, { once: true });
  else launch();
}
