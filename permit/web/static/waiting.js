// Loads the page again when the registry has answered otherwise; without this script the button does it.
const shown = document.querySelector("[data-state]").dataset;
const PAUSE_MS = 5000;

async function look() {
  try {
    const answer = await fetch("/bind/state", { cache: "no-store" });
    const now = await answer.json();
    if (answer.ok && (now.state !== shown.state || now.code !== shown.code)) {
      location.assign("/bind");
      return;
    }
  } catch {
    // no connection: asked again
  }
  setTimeout(look, PAUSE_MS);
}

setTimeout(look, PAUSE_MS);
