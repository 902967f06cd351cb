// Erases what this phone keeps, also in browsers that do not know the header Clear-Site-Data.
if ("caches" in self) {
  for (const name of await caches.keys()) await caches.delete(name);
}
if ("serviceWorker" in navigator) {
  for (const one of await navigator.serviceWorker.getRegistrations()) await one.unregister();
}
