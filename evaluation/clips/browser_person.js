// A simulated person before a browser's camera: stands in for getUserMedia and reads the digit that the page shows.
(async ({ pictures, voices, colours, openings, reactionMs, fps }) => {
  const FADE_MS = 200; // of the page's colours
  const bytes = (text) => Uint8Array.from(atob(text), (one) => one.charCodeAt(0)).buffer;
  let stream = null;

  async function begin() {
    const images = {};
    for (const [name, list] of Object.entries(pictures)) {
      images[name] = await Promise.all(list.map((one) => createImageBitmap(new Blob([bytes(one)]))));
    }
    const audio = new AudioContext();
    const heard = audio.createMediaStreamDestination();
    const analyser = audio.createAnalyser();
    analyser.fftSize = 1024;
    const samples = new Float32Array(analyser.fftSize);
    analyser.connect(heard);
    const hiss = audio.createBuffer(1, audio.sampleRate, audio.sampleRate);
    hiss.getChannelData(0).forEach((_, i, data) => (data[i] = 0.002 * (Math.random() - 0.5)));
    const room = new AudioBufferSourceNode(audio, { buffer: hiss, loop: true });
    room.connect(analyser);
    room.start();
    const sounds = await Promise.all(voices.map((one) => audio.decodeAudioData(bytes(one))));
    const say = (digit) => {
      const source = new AudioBufferSourceNode(audio, { buffer: sounds[digit] });
      source.connect(analyser);
      source.start();
    };
    let last = "";
    new MutationObserver(() => {
      const shown = document.querySelector("[data-digit]")?.textContent ?? "";
      if (shown && shown !== last) setTimeout(say, reactionMs, Number(shown));
      last = shown;
    }).observe(document.body, { subtree: true, childList: true, characterData: true });

    const canvas = document.createElement("canvas");
    const { width, height } = images.grey[0];
    [canvas.width, canvas.height] = [width, height];
    const picture = canvas.getContext("2d");
    let [now, before, since] = ["grey", "grey", 0];
    const draw = () => {
      const at = performance.now();
      analyser.getFloatTimeDomainData(samples);
      const level = Math.sqrt(samples.reduce((sum, one) => sum + one * one, 0) / samples.length);
      const mouth = level > 0.01 ? Math.min(1, 8 * level) : 0;
      const off = (i) => Math.abs(openings[i] - mouth);
      const place = openings.reduce((best, _, i) => (off(i) < off(best) ? i : best), 0);
      const light = document.documentElement.style.getPropertyValue("--light");
      const colour = colours[light.replace(/[^\d ]/g, "").trim()] ?? "grey";
      if (colour !== now) [before, now, since] = [now, colour, at];
      const [x, y] = [3 * Math.sin(at / 900), 2 * Math.sin(at / 1300)];
      picture.setTransform(1.02, 0, 0, 1.02, x - 0.01 * width + Math.random(), y - 0.01 * height);
      picture.globalAlpha = 1;
      picture.drawImage(images[before][place], 0, 0);
      picture.globalAlpha = Math.min(1, (at - since) / FADE_MS);
      picture.drawImage(images[now][place], 0, 0);
    };
    draw();
    setInterval(draw, 1000 / fps);
    stream = canvas.captureStream(fps);
    stream.addTrack(heard.stream.getAudioTracks()[0]);
    await audio.resume();
  }

  navigator.mediaDevices.getUserMedia = async () => {
    if (!stream) await begin();
    return stream.clone();
  };
})(PERSON);
