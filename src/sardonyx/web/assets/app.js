// What every page loads. A page is complete without it: this adds live parts and comfort.
import htmx from "htmx.org";
import { Idiomorph } from "idiomorph/dist/idiomorph-ext.esm.js";
import "htmx-ext-sse";
import "./elements/tabs.js";
import "./elements/upload.js";
import "./elements/log.js";
import "./elements/reach.js";
import "./elements/editor.js";
import "./elements/read.js";
import { wireCopying } from "./elements/copy.js";
import { wireDialogs } from "./elements/dialog.js";
import { wireForms } from "./elements/forms.js";
import { wireLaunchNow } from "./elements/launch-now.js";
import { wireLauncher } from "./elements/launcher.js";
import { wireToasts } from "./elements/toasts.js";
import { wireUnsaved } from "./elements/unsaved.js";

window.htmx = htmx;

// A swap never takes away what a person types in, nor closes what they opened.
Idiomorph.defaults.ignoreActiveValue = true;
Idiomorph.defaults.callbacks.beforeAttributeUpdated = (name, node) =>
  !(
    (name === "open" && (node.tagName === "DETAILS" || node.tagName === "DIALOG")) ||
    (name === "hidden" && node.hasAttribute("data-copy")) ||
    node.hasAttribute("data-kept")
  );

wireCopying(document);
wireDialogs(document);
wireForms(document);
wireLaunchNow(document);
wireLauncher(document);
wireToasts(document);
wireUnsaved(document);
