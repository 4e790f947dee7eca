// Where pictures and sound come from, and what they are recorded as.

/** What the server takes and browsers record, the quickest first: WebM has each picture on its own. */
const kRecordings = ['video/webm;codecs=h264,opus', 'video/webm;codecs=vp9,opus', 'video/mp4;codecs=avc1.42E01E,mp4a.40.2',
  'video/mp4;codecs=avc1.42E01E,opus'];

/** Null: this browser records nothing that can be carried. `supports` is MediaRecorder.isTypeSupported. */
export function recordingType(supports) {
  return kRecordings.find((type) => supports(type)) ?? null;
}

/** A clock that moves, so that a picture which stands still shows; and a quiet tone. */
function canvasStream(height) {
  const canvas = document.createElement('canvas');
  canvas.height = height;
  canvas.width = Math.round(height * 16 / 9 / 2) * 2;
  const paint = canvas.getContext('2d');
  const draw = () => {
    const ms = performance.now();
    paint.fillStyle = '#0f1218';
    paint.fillRect(0, 0, canvas.width, canvas.height);
    paint.fillStyle = '#5cc8ff';
    paint.fillRect((ms / 4) % canvas.width, canvas.height * 0.8, canvas.width / 16, canvas.height / 16);
    paint.font = `${Math.round(height / 6)}px monospace`;
    paint.textAlign = 'center';
    paint.fillText(new Date().toISOString().slice(11, 23), canvas.width / 2, canvas.height / 2);
  };
  draw();
  // Not by requestAnimationFrame, which stops when the tab is hidden.
  const timer = setInterval(draw, 1000 / 30);
  const audio = new AudioContext();
  const tone = audio.createOscillator();
  const volume = audio.createGain();
  volume.gain.value = 0.05;
  const out = audio.createMediaStreamDestination();
  tone.connect(volume).connect(out);
  tone.start();
  const stream = new MediaStream([...canvas.captureStream(30).getTracks(), ...out.stream.getTracks()]);
  return { stream, stop() { clearInterval(timer); audio.close(); } };
}

/** {stream, stop()}; rejects when the user or the system does not allow it. */
export async function openSource(kind, height) {
  if (kind === 'canvas') return canvasStream(height);
  const video = { height: { ideal: height }, frameRate: { ideal: 30 } };
  const stream = kind === 'screen'
    ? await navigator.mediaDevices.getDisplayMedia({ video, audio: true })
    : await navigator.mediaDevices.getUserMedia({ video, audio: { echoCancellation: true } });
  return { stream, stop() {} };
}
