// Records a stream in pieces, with the capture times of its frames, and sends the pieces as they come.

import { call, persist } from "./calls.js";

const PIECE_MS = 1000;
const VIDEO_BITS = 1_200_000;
const AUDIO_BITS = 64_000;
const MOST_FRAMES = 2000;

/** A recording on its way to central. `onLost(lost)`: the network; `onProgress(sent, all)`: bytes. */
export class Recorder {
  constructor(stream, video, type, begun, { onLost, onProgress, onFault }) {
    Object.assign(this, { video, begun, onLost, onProgress, onFault });
    this.container = type.includes("mp4") ? "mp4" : "webm";
    this.frames = [];
    this.queue = [];
    this.number = 0;
    this.bytes = 0;
    this.sent = 0;
    this.sending = null;
    this.isEnded = false;
    this.media = new MediaRecorder(stream, {
      mimeType: type,
      videoBitsPerSecond: VIDEO_BITS,
      audioBitsPerSecond: AUDIO_BITS,
    });
    this.media.addEventListener("dataavailable", (event) => this.#take(event.data));
    this.media.addEventListener("error", () => this.onFault(new Error("stopped")));
  }

  start() {
    this.#noteFrames();
    this.startedMs = performance.now();
    this.media.start(PIECE_MS);
  }

  /** End the recording; resolves when the last piece is in the queue. */
  async stop() {
    if (this.media.state !== "inactive") {
      const stopped = new Promise((resolve) => this.media.addEventListener("stop", resolve, { once: true }));
      this.media.stop();
      await stopped;
    }
    this.isEnded = true;
  }

  /**
   * Return when the frames were captured, in ms of the page's clock, rising. Where the browser does not say, the
   * frames' own times serve, laid so that none was captured after it was shown.
   */
  get frameTimesMs() {
    const isTold = this.frames.every((one) => one.captureTime !== undefined);
    const start = Math.min(...this.frames.map((one) => one.now - one.mediaMs));
    const times = this.frames.map((one) => (isTold ? one.captureTime : one.mediaMs + start));
    return times.filter((at, i) => at >= 0 && (i === 0 || at > times[i - 1]));
  }

  /** Resolve when every piece has arrived. Throws Refused. */
  async sendAll() {
    while (this.sending || this.queue.length) await (this.sending ?? this.#send());
  }

  /** Stop for good; nothing more is sent. */
  discard() {
    this.isEnded = true;
    this.queue = [];
    if (this.media.state !== "inactive") this.media.stop();
  }

  #noteFrames() {
    if (!this.video.requestVideoFrameCallback) return;
    const note = (now, metadata) => {
      if (this.isEnded) return;
      const { captureTime, mediaTime } = metadata;
      if (this.frames.length < MOST_FRAMES) this.frames.push({ now, captureTime, mediaMs: 1000 * mediaTime });
      this.video.requestVideoFrameCallback(note);
    };
    this.video.requestVideoFrameCallback(note);
  }

  #take(blob) {
    if (this.isEnded) return;
    for (let at = 0; at < blob.size; at += this.begun.chunk_bytes) {
      const piece = blob.slice(at, at + this.begun.chunk_bytes);
      this.queue.push({ number: this.number, piece });
      this.number += 1;
      this.bytes += piece.size;
    }
    if (!this.sending) this.#send();
  }

  #send() {
    this.sending = this.#sendQueue().finally(() => {
      this.sending = null;
    });
    this.sending.catch((error) => this.onFault(error));
    return this.sending;
  }

  async #sendQueue() {
    while (this.queue.length) {
      const { number, piece } = this.queue[0];
      const path = `recordings/${this.begun.id}/chunks/${number}`;
      await persist(() => call("PUT", path, piece), { onLost: this.onLost });
      this.queue.shift();
      this.sent += piece.size;
      this.onProgress(this.sent, this.bytes);
    }
  }
}
