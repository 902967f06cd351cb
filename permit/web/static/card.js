// Offers to keep the card on this phone, where the browser can.
const section = document.getElementById("keep");
const show = (id) => { document.getElementById(id).hidden = false; };

async function keep() {
  document.getElementById("keep-failed").hidden = true;
  try {
    await navigator.serviceWorker.register("/service-worker.js");
    await navigator.serviceWorker.ready;
    const cache = await caches.open("card");
    await cache.add("/card");
    document.getElementById("keep-button").hidden = true;
    show("kept");
  } catch {
    show("keep-failed");
  }
}

if ("serviceWorker" in navigator && "caches" in self) {
  section.hidden = false;
  document.getElementById("keep-button").addEventListener("click", keep);
  const registration = await navigator.serviceWorker.getRegistration();
  if (registration !== undefined) {
    document.getElementById("keep-button").hidden = true;
    show("kept");
  }
}
