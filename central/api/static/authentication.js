// The page of a person whom a relying party has sent: shows one step at a time, as central says.

import { Refused, call, persist } from "./calls.js";
import { Probe, isAllowed, openCamera, recordingType } from "./camera.js";
import { Points } from "./points.js";
import { Recorder } from "./recorder.js";

const CHECK_MS = 1500;
const WAIT_MS = 4000;
const PROBE_MS = 250;
const PROMPT_MS = 12_000; // a prompt that does not come for so long ends the recording
const BACK_MS = 800; // so long "your identity is confirmed" stays

const { codes, trouble, text } = JSON.parse(document.getElementById("phrases").textContent);
const words = document.getElementById("words").dataset;
const live = document.getElementById("live");
const video = document.querySelector("video");
const finishForm = document.getElementById("finish");

let shown = "start";
let stream = null;
let probe = null;
let recorder = null;
let polling = 0; // the number of the loop that polls; an older one ends
let isGoing = false; // on the way back to the relying party

const section = (name) => document.querySelector(`section[data-step="${name}"]`);
const part = (name, key) => section(name).querySelector(`[data-${key}]`);
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const fill = (sentence, values) =>
  Object.entries(values).reduce((filled, [name, value]) => filled.replace(`{${name}}`, value), sentence);

function show(name) {
  if (name !== "camera") closeCamera();
  for (const one of document.querySelectorAll(".step")) one.hidden = one.dataset.step !== name;
  document.documentElement.dataset.step = name;
  if (shown !== name || name === "again") {
    const headings = [...section(name).querySelectorAll("h1")];
    headings.find((one) => !one.closest("[hidden]"))?.focus({ preventScroll: true });
    window.scrollTo(0, 0);
  }
  shown = name;
}

function say(sentence) {
  if (live.textContent !== sentence) live.textContent = sentence;
}

function explain(note = "") {
  const place = part("explain", "note");
  place.textContent = note;
  place.hidden = !note;
  show("explain");
  if (note) say(note);
}

function stopAt(name, code) {
  const said = codes[code] ?? codes.fault;
  part(name, "title").textContent = said.title;
  part(name, "next").textContent = said.next;
  show(name);
}

function showTrouble(kind) {
  const said = trouble[kind] ?? trouble.unsupported;
  part("trouble", "title").textContent = said.title;
  part("trouble", "steps").replaceChildren(...said.steps.map((step) => element("li", step)));
  show("trouble");
}

function element(name, content) {
  const made = document.createElement(name);
  made.textContent = content;
  return made;
}

function showPoints(name) {
  const root = section(name).querySelector(".points");
  if (root.childElementCount) return;
  root.append(document.getElementById("points").content.cloneNode(true));
  new Points(root, text).show();
}

// --- where central says the person is -----------------------------------------------------------------------------

async function load() {
  polling += 1;
  try {
    await follow(await persist(() => call("GET", "status"), { onLost: (lost) => say(lost ? text.offline : "") }));
  } catch (error) {
    failWith(error);
  }
}

async function follow(status) {
  const note = codes[status.code];
  const sentence = note ? `${note.title} ${note.next}` : "";
  switch (status.step) {
    case "consent":
      return show("consent");
    case "ready":
      return explain(status.code ? sentence : "");
    case "recording":
      return explain(`${codes.interrupted.title} ${codes.interrupted.next}`);
    case "again":
      part("again", "tries").textContent = fill(text.tries_left, { left: status.tries_left });
      return stopAt("again", status.code);
    case "refused": // the way out is an acceptance point: the page waits for what happens there
      return acts.wait();
    case "checking":
      show("checking");
      return poll("checking", CHECK_MS, status);
    case "waiting":
      showWaiting(status);
      return poll("waiting", WAIT_MS, status);
    case "passed":
      return goBack();
    default:
      return show("over");
  }
}

function showWaiting(status) {
  const reason = status.step === "waiting" ? codes[status.code] : null;
  part("waiting", "card").hidden = !reason;
  part("waiting", "plain").hidden = Boolean(reason);
  if (reason) {
    part("waiting", "title").textContent = reason.title;
    part("waiting", "next").textContent = reason.next;
  }
  part("waiting", "tries").hidden = !reason || status.tries_left > 0;
  part("waiting", "owner").hidden = status.code !== "credential_suspended";
  showPoints("waiting");
  show("waiting");
}

/** Ask again and again while central says `step`, and then follow what it says. */
async function poll(step, everyMs, first) {
  polling += 1;
  const own = polling;
  const lost = part(step, "lost");
  let status = first;
  while (status.step === step) {
    noteWait(step, status);
    await until(everyMs);
    if (own !== polling) return;
    try {
      status = await persist(() => call("GET", "status"), { onLost: (is) => (lost.hidden = !is) });
    } catch (error) {
      if (own === polling) failWith(error);
      return;
    }
    if (own !== polling) return;
  }
  await follow(status);
  if (step === "waiting" && status.step === "ready" && (await isAllowed())) await openAndCoach();
}

function noteWait(step, status) {
  if (step === "waiting") {
    part("waiting", "until").textContent = fill(text.wait_until, { minutes: Math.ceil(status.expires_s / 60) });
    return;
  }
  const seconds = Math.ceil(status.wait_s ?? 0);
  part("checking", "wait").textContent = seconds > 2 ? fill(text.check_wait, { seconds }) : text.check_wait_now;
}

/** Wait `ms`, or until the page is looked at again. */
function until(ms) {
  return new Promise((resolve) => {
    const seen = () => document.visibilityState === "visible" && end();
    const end = () => {
      clearTimeout(timer);
      document.removeEventListener("visibilitychange", seen);
      resolve();
    };
    const timer = setTimeout(end, ms);
    document.addEventListener("visibilitychange", seen);
  });
}

function failWith(error) {
  if (error instanceof Refused && error.status === 410) return show("over");
  const code = error instanceof Refused ? error.code : "fault";
  if (code === "checking" || code === "tries_used") return load();
  return stopAt("stopped", codes[code] ? code : "fault");
}

async function goBack() {
  show("passed");
  await sleep(BACK_MS);
  leave();
}

function leave() {
  if (isGoing) return;
  isGoing = true;
  finishForm.submit();
}

// --- camera ----------------------------------------------------------------------------------------------------------

async function openAndCoach() {
  closeCamera();
  if (!recordingType()) return showTrouble("unsupported");
  try {
    stream = await openCamera();
  } catch (error) {
    return showTrouble(error.message);
  }
  for (const track of stream.getTracks()) {
    track.addEventListener("ended", () => recorder && breakOff("stopped"));
  }
  video.srcObject = stream;
  video.addEventListener("loadedmetadata", () => video.play().catch(() => {}), { once: true });
  setRecording(false);
  show("camera");
  await coach();
}

async function coach() {
  const own = new Probe(video, stream);
  probe = own;
  let heard = false;
  part("camera", "face-note").hidden = !own.detector;
  while (probe === own) {
    const light = own.light();
    const face = await own.face();
    heard ||= own.sound() === true;
    const isUnknown = own.sound() === null;
    if (probe !== own) return;
    const hints = [hint("light", light, light === "light_good")];
    hints.push(hint("sound", isUnknown ? "" : heard ? "sound_good" : "sound_none", heard));
    hints.push(hint("face", face ?? "", false));
    say(hints.filter(Boolean).join(" "));
    await sleep(PROBE_MS);
  }
}

function hint(name, key, isGood) {
  const place = part("camera", name);
  place.hidden = !key;
  place.classList.toggle("good", isGood);
  if (key && place.textContent !== text[key]) place.textContent = text[key];
  return key ? text[key] : "";
}

function closeCamera() {
  probe?.close();
  probe = null;
  for (const track of stream?.getTracks() ?? []) track.stop();
  stream = null;
  video.srcObject = null;
  setRecording(false);
}

function setRecording(is) {
  document.documentElement.classList.toggle("recording", is);
  section("camera").querySelector('[data-part="coach"]').hidden = is;
  section("camera").querySelector('[data-part="record"]').hidden = !is;
  if (!is) document.documentElement.style.removeProperty("--light");
}

// --- recording ------------------------------------------------------------------------------------------------------

async function record() {
  if (recorder || !stream) return;
  let begun;
  try {
    begun = await persist(() => call("POST", "recordings"), { forMs: 5000 });
  } catch (error) {
    return failWith(error);
  }
  const state = await call("GET", "status").catch(() => null);
  if (state && state.step !== "recording") return follow(state); // refused at once: nobody is filmed in vain
  const own = new Recorder(stream, video, recordingType(), begun, {
    onLost: (lost) => (part("upload", "lost").hidden = !lost),
    onProgress: (sent, all) => (section("upload").querySelector("progress").value = all ? sent / all : 0),
    onFault: (error) => recorder === own && giveUp(error),
  });
  recorder = own;
  probe?.close();
  probe = null;
  say("");
  setRecording(true);
  part("camera", "title").textContent = text.record_title;
  part("camera", "digit").textContent = "";
  part("camera", "count").textContent = text.record_ready;
  try {
    await perform(own, begun);
  } catch (error) {
    if (recorder === own) giveUp(error);
  } finally {
    part("camera", "title").textContent = text.coach_title;
  }
}

async function perform(own, begun) {
  own.start();
  const shownMs = await showPrompts(own, begun);
  if (recorder !== own) return;
  await own.stop();
  closeCamera();
  show("upload");
  await own.sendAll();
  const told = {
    container: own.container,
    chunks: own.number,
    started_ms: own.startedMs,
    shown_ms: shownMs,
    frame_times_ms: own.frameTimesMs,
  };
  const path = `recordings/${begun.id}/finish`;
  await persist(() => call("POST", path, told), { onLost: own.onLost, codes: ["register_silent"] });
  recorder = null;
  await load();
}

/** Show all prompts, each when central hands it out, and return when each was painted. */
async function showPrompts(own, begun) {
  const shownMs = [];
  for (let number = 0; number < begun.prompts; number += 1) {
    const path = `recordings/${begun.id}/prompts/${number}`;
    const due = await persist(() => call("POST", path), { forMs: PROMPT_MS });
    if (recorder !== own) return shownMs;
    shownMs.push(await paint(due, begun.prompts));
    await sleep(due.stop_ms);
  }
  return shownMs;
}

/** Paint a prompt and return the time of the frame after it, by the page's clock. */
function paint(due, prompts) {
  document.documentElement.style.setProperty("--light", `rgb(${due.rgb.join(" ")})`);
  const count = part("camera", "count");
  if (due.digit !== null) {
    part("camera", "digit").textContent = due.digit;
    count.textContent = fill(text.record_count, { number: (due.number + 1) / 2, all: (prompts - 1) / 2 });
  } else if (due.stop_ms) {
    part("camera", "digit").textContent = "";
    count.textContent = text.record_last;
  }
  return new Promise((resolve) => {
    requestAnimationFrame(() => requestAnimationFrame(() => resolve(performance.now())));
  });
}

/** End a recording that goes wrong, and say why. */
function giveUp(error) {
  abandon();
  closeCamera();
  if (error instanceof Refused) return failWith(error);
  return stopAt("stopped", error instanceof TypeError ? "interrupted" : "fault");
}

function breakOff(kind) {
  abandon();
  showTrouble(kind);
}

function abandon() {
  const own = recorder;
  recorder = null;
  if (!own) return;
  own.discard();
  call("POST", `recordings/${own.begun.id}/abandon`, undefined, { keepalive: true }).catch(() => {});
}

// --- what the person does -----------------------------------------------------------------------------------------

const acts = {
  agree: () => call("POST", "consent", { language: words.language, sha256: words.consent }).then(load),
  back: leave,
  explain: () => explain(),
  open: openAndCoach,
  record,
  stop: () => breakOff("stopped"),
  resume: load,
  "in-person": () => {
    showPoints("in-person");
    show("in-person");
  },
  wait: () => call("POST", "wait").then(load),
};

document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-do]");
  if (!button || button.disabled) return;
  button.disabled = true;
  try {
    await acts[button.dataset.do]();
  } catch (error) {
    if (error instanceof TypeError) say(text.offline);
    else failWith(error);
  } finally {
    button.disabled = false;
  }
});

document.addEventListener("visibilitychange", () => {
  if (document.visibilityState === "hidden" && document.documentElement.classList.contains("recording")) {
    breakOff("left");
  }
});
window.addEventListener("pagehide", () => abandon());
window.addEventListener("pageshow", (event) => event.persisted && window.location.reload());

const big = document.getElementById("big");

function setBig(is) {
  document.documentElement.classList.toggle("big", is);
  big.setAttribute("aria-pressed", String(is));
  try {
    sessionStorage.setItem("big", is ? "1" : "");
  } catch {
    // a browser that keeps nothing
  }
}

function wasBig() {
  try {
    return sessionStorage.getItem("big") === "1";
  } catch {
    return false;
  }
}

big.hidden = false;
big.addEventListener("click", () => setBig(!document.documentElement.classList.contains("big")));
setBig(wasBig());
finishForm.hidden = true;
load();
