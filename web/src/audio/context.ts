// One audio context for the page. Browsers let it sound only after a gesture, so it is woken by whoever plays.

let context: AudioContext | null = null;

export function audio(): AudioContext {
  context ??= new AudioContext({ latencyHint: 'interactive' });
  return context;
}

export async function wakeAudio(): Promise<AudioContext> {
  const woken = audio();
  if (woken.state !== 'running') await woken.resume();
  return woken;
}
