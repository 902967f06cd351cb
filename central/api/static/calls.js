// Calls of central by the authentication page.

const PAUSES_MS = [500, 1000, 2000, 4000];

/** Central has refused a call; `code` says why (central/authentication/codes.py). */
export class Refused extends Error {
  constructor(code, status) {
    super(code);
    this.code = code;
    this.status = status;
  }
}

/** Return the JSON of an answer, or null. Throws Refused, and TypeError if the network is lost. */
export async function call(method, path, body, options = {}) {
  const isPiece = body instanceof Blob;
  const answer = await fetch(`/oidc/person/${path}`, {
    method,
    cache: "no-store",
    headers: body === undefined || isPiece ? {} : { "Content-Type": "application/json" },
    body: body === undefined || isPiece ? body : JSON.stringify(body),
    ...options,
  });
  if (answer.ok) return answer.status === 204 ? null : answer.json();
  let code = "fault";
  try {
    code = (await answer.json()).code;
  } catch {
    // not from central: a proxy
  }
  throw new Refused(code, answer.status);
}

/**
 * Call again while the network is lost, central is too busy, or refuses with one of `codes`, for `forMs` at most.
 * `onLost` is called with true when that begins, and with false when it is over.
 */
export async function persist(work, { forMs = Infinity, onLost = () => {}, codes = [] } = {}) {
  const began = performance.now();
  for (let tries = 0; ; tries += 1) {
    try {
      const result = await work();
      if (tries) onLost(false);
      return result;
    } catch (error) {
      if (!isTemporary(error, codes) || performance.now() - began > forMs) throw error;
      onLost(true);
      await pause(PAUSES_MS[Math.min(tries, PAUSES_MS.length - 1)]);
    }
  }
}

function isTemporary(error, codes) {
  if (!(error instanceof Refused)) return error instanceof TypeError;
  return error.code === "central.busy" || [502, 504].includes(error.status) || codes.includes(error.code);
}

/** Wait `ms`, or until the network is back. */
export function pause(ms) {
  return new Promise((resolve) => {
    const end = () => {
      clearTimeout(timer);
      window.removeEventListener("online", end);
      resolve();
    };
    const timer = setTimeout(end, ms);
    window.addEventListener("online", end);
  });
}
