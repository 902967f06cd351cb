// Keeps the card that was last shown, so that it opens without a connection. Only a phone whose owner asked for it
// has this worker. What the server answers decides: a card replaces the kept one; a redirection (signed out, or the
// card has ended) erases it.
const KEPT = "card";
const FILES = ["/static/permit.css", "/static/card.js", "/static/icon.svg", "/offline"];

self.addEventListener("install", (event) => {
  event.waitUntil(caches.open(KEPT).then((cache) => cache.addAll(FILES)).then(() => self.skipWaiting()));
});

self.addEventListener("activate", (event) => event.waitUntil(self.clients.claim()));

self.addEventListener("fetch", (event) => {
  const url = new URL(event.request.url);
  if (url.origin !== self.location.origin || event.request.method !== "GET") return;
  if (event.request.mode === "navigate") {
    event.respondWith(navigate(event.request, url.pathname));
  } else if (FILES.includes(url.pathname)) {
    event.respondWith(fetch(event.request).catch(() => caches.match(url.pathname)));
  }
});

async function navigate(request, path) {
  let answer;
  try {
    answer = await fetch(request);
  } catch {
    return kept(path);
  }
  if (path === "/card") {
    const cache = await caches.open(KEPT);
    if (answer.ok && answer.type === "basic") await cache.put("/card", answer.clone());
    if (answer.type === "opaqueredirect") await cache.delete("/card");
  }
  return answer;
}

async function kept(path) {
  const card = ["/", "/card"].includes(path) ? await caches.match("/card") : undefined;
  if (card === undefined) return (await caches.match("/offline")) ?? Response.error();
  const text = (await card.text()).replace("<html ", "<html data-offline ");
  return new Response(text, { headers: card.headers });
}
