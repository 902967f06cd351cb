// Camera and microphone before the recording: permission, and what can be said of light, sound and face.

// In this order: H.264 costs a phone a quarter of VP8. Safari and older WebKit record mp4 only.
const TYPES = [
  "video/webm;codecs=h264,opus",
  "video/webm;codecs=vp8,opus",
  "video/mp4;codecs=avc1,opus",
  "video/mp4;codecs=avc1,mp4a.40.2",
  "video/mp4",
];
const PROBLEMS = {
  NotAllowedError: "denied",
  SecurityError: "denied",
  NotFoundError: "no_camera",
  OverconstrainedError: "no_camera",
  NotReadableError: "camera_busy",
  AbortError: "camera_busy",
};
const SIDE = 32;
// Means of eight-bit luma; a face by a lamp in the evening has 60 to 90 in pictures of phones.
const DARK = 45;
const BRIGHT = 225;
const BACKLIT = 90; // edge brighter than the middle
const SOUND = 0.008; // root mean square of the voice at arm's length, full scale 1
const SMALL = 0.25; // width of a face in the picture

/** Return the type to record, or "" if this browser cannot. */
export function recordingType() {
  if (!navigator.mediaDevices?.getUserMedia || !window.MediaRecorder) return "";
  return TYPES.find((type) => MediaRecorder.isTypeSupported(type)) ?? "";
}

/** Return a stream of camera and microphone. Throws an Error whose message is a key of the phrases `trouble`. */
export async function openCamera() {
  if (!recordingType()) throw new Error("unsupported");
  try {
    return await navigator.mediaDevices.getUserMedia({
      video: { facingMode: "user", width: { ideal: 640 }, height: { ideal: 480 }, frameRate: { ideal: 20, max: 30 } },
      audio: { echoCancellation: false, noiseSuppression: false },
    });
  } catch (error) {
    throw new Error(PROBLEMS[error.name] ?? "unsupported");
  }
}

/** Return whether camera and microphone were allowed before, so that no question appears. */
export async function isAllowed() {
  try {
    const names = ["camera", "microphone"];
    const states = await Promise.all(names.map((name) => navigator.permissions.query({ name })));
    return states.every((one) => one.state === "granted");
  } catch {
    return false; // a browser that does not tell
  }
}

/** Measures the picture of a `video` and the sound of a `stream`. Call `close` at the end. */
export class Probe {
  constructor(video, stream) {
    this.video = video;
    this.canvas = document.createElement("canvas");
    this.canvas.width = this.canvas.height = SIDE;
    this.picture = this.canvas.getContext("2d", { willReadFrequently: true });
    this.detector = "FaceDetector" in window ? new window.FaceDetector({ maxDetectedFaces: 2 }) : null;
    this.audio = "AudioContext" in window ? new AudioContext() : null;
    if (this.audio) {
      this.analyser = this.audio.createAnalyser();
      this.audio.createMediaStreamSource(stream).connect(this.analyser);
      this.samples = new Float32Array(this.analyser.fftSize);
    }
  }

  /** Return "light_dark", "light_bright" or "light_good"; "" without a picture. */
  light() {
    if (!this.video.videoWidth) return "";
    this.picture.drawImage(this.video, 0, 0, SIDE, SIDE);
    const { data } = this.picture.getImageData(0, 0, SIDE, SIDE);
    const sums = { middle: [0, 0], edge: [0, 0] };
    for (let i = 0; i < SIDE * SIDE; i += 1) {
      const [x, y] = [i % SIDE, Math.floor(i / SIDE)];
      const isMiddle = Math.hypot(x - SIDE / 2, y - SIDE / 2) < SIDE / 4;
      const part = isMiddle ? sums.middle : sums.edge;
      part[0] += 0.299 * data[4 * i] + 0.587 * data[4 * i + 1] + 0.114 * data[4 * i + 2];
      part[1] += 1;
    }
    const middle = sums.middle[0] / sums.middle[1];
    const edge = sums.edge[0] / sums.edge[1];
    if (middle > BRIGHT || edge - middle > BACKLIT) return "light_bright";
    return middle < DARK ? "light_dark" : "light_good";
  }

  /** Return whether the microphone hears something; null if this cannot be known. */
  sound() {
    if (!this.audio || this.audio.state !== "running") return null;
    this.analyser.getFloatTimeDomainData(this.samples);
    const mean = this.samples.reduce((sum, one) => sum + one, 0) / this.samples.length;
    const power = this.samples.reduce((sum, one) => sum + (one - mean) ** 2, 0) / this.samples.length;
    return Math.sqrt(power) > SOUND;
  }

  /** Return "face_none", "face_many", "face_small" or ""; null in a browser without a detector. */
  async face() {
    if (!this.detector) return null;
    try {
      const faces = await this.detector.detect(this.video);
      if (faces.length !== 1) return faces.length ? "face_many" : "face_none";
      return faces[0].boundingBox.width < SMALL * this.video.videoWidth ? "face_small" : "";
    } catch {
      this.detector = null; // announced, but not there
      return null;
    }
  }

  close() {
    this.audio?.close();
  }
}
