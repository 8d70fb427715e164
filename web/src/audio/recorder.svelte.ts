// Live input: a typist's keyboard or a MIDI keyboard, sounding at once, recorded in time with what plays.

import { t } from '../i18n/i18n.svelte';
import { barLength, barStarts, beatLength } from '../model/bars';
import { addNotes, ensurePart } from '../model/edit';
import { QUARTER, metreOf, tempoOf, type Piece } from '../model/piece';
import { notesOfKeys, quantisePlayed, typedPitch, type KeyEvent } from '../model/record';
import { studio } from '../state/studio.svelte';
import { click } from './click';
import { audio, wakeAudio } from './context';
import { loadKeys, playKey, type Sounding } from './keys';
import { player } from './player.svelte';

class Recorder {
  /** The typist's keyboard plays notes instead of shortcuts. */
  keysOn = $state(false);
  recording = $state(false);
  octave = $state(4);
  midi = $state<'unknown' | 'none' | 'refused' | 'ready'>('unknown');
  midiName = $state('');
  /** Keys that are down now, for the eye. */
  down = $state.raw<ReadonlySet<number>>(new Set());

  #sounding = new Map<number, Sounding>();
  #events: KeyEvent[] = [];
  #clock: (() => number) | null = null;
  #listeners = new Set<(event: KeyEvent) => void>();

  toggleKeys(): void {
    this.keysOn = !this.keysOn;
    if (!this.keysOn) return;
    void this.findMidi();
    loadKeys(this.#program(), studio.focusLane === 'drums');
    studio.tell(t('said.keysOn'));
  }

  async findMidi(): Promise<void> {
    if (this.midi === 'ready') return;
    if (typeof navigator.requestMIDIAccess !== 'function') {
      this.midi = 'none';
      return;
    }
    try {
      const access = await navigator.requestMIDIAccess();
      const connect = (): void => {
        const names: string[] = [];
        for (const input of access.inputs.values()) {
          names.push(input.name ?? 'MIDI');
          input.onmidimessage = (message) => this.#midiMessage(message.data);
        }
        this.midi = names.length > 0 ? 'ready' : 'none';
        this.midiName = names.join(', ');
      };
      connect();
      access.onstatechange = connect;
    } catch {
      this.midi = 'refused';
    }
  }

  #midiMessage(data: Uint8Array | null): void {
    if (!data || data.length < 3) return;
    const kind = (data[0] as number) & 0xf0;
    const pitch = data[1] as number;
    const velocity = data[2] as number;
    // A note on with velocity 0 is a note off (MIDI 1.0, running status).
    if (kind === 0x90 && velocity > 0) this.press(pitch, velocity);
    else if (kind === 0x80 || kind === 0x90) this.release(pitch);
  }

  /** True if the key played something. */
  typed(event: KeyboardEvent, isDown: boolean): boolean {
    if (event.ctrlKey || event.metaKey || event.altKey) return false;
    if (isDown && (event.code === 'Minus' || event.code === 'Equal')) {
      this.octave = Math.min(7, Math.max(1, this.octave + (event.code === 'Equal' ? 1 : -1)));
      return true;
    }
    const steps = typedPitch(event.code);
    if (steps === null) return false;
    const pitch = Math.min(127, 12 * (this.octave + 1) + steps);
    if (isDown && !event.repeat) this.press(pitch, event.shiftKey ? 112 : 88);
    if (!isDown) this.release(pitch);
    return true;
  }

  press(pitch: number, velocity: number): void {
    this.#sounding.get(pitch)?.stop();
    this.#sounding.set(pitch, playKey(pitch, velocity, this.#program(), studio.focusLane === 'drums'));
    this.down = new Set([...this.down, pitch]);
    this.#note({ down: true, pitch, velocity, at: this.#clock?.() ?? player.now() });
  }

  release(pitch: number): void {
    this.#sounding.get(pitch)?.stop();
    this.#sounding.delete(pitch);
    this.down = new Set([...this.down].filter((one) => one !== pitch));
    this.#note({ down: false, pitch, velocity: 0, at: this.#clock?.() ?? player.now() });
  }

  #note(event: KeyEvent): void {
    if (this.recording) this.#events.push(event);
    for (const listener of this.#listeners) listener(event);
  }

  /** For the jam: hears every key with its time until the returned function is called. */
  listen(clock: () => number, onKey: (event: KeyEvent) => void): () => void {
    this.#clock = clock;
    this.#listeners.add(onKey);
    return () => {
      this.#listeners.delete(onKey);
      this.#clock = null;
    };
  }

  async toggle(): Promise<void> {
    if (this.recording) this.finish();
    else await this.#start();
  }

  async #start(): Promise<void> {
    const context = await wakeAudio();
    if (!this.keysOn) this.toggleKeys();
    this.#events = [];
    this.recording = true;
    const piece = studio.piece;
    if (piece.notes.length > 0) {
      player.countIn = true;
      this.#clock = null;
      await player.play(player.position);
      return;
    }
    // Nothing to play along with: a bar of clicks, then clicks until stopped.
    const metre = metreOf(piece);
    const beat = beatLength(metre);
    const perQuarter = 60 / tempoOf(piece);
    const bar = barLength(metre);
    const begin = context.currentTime + 0.1 + (bar / QUARTER) * perQuarter;
    const from = player.position;
    this.#clock = () => Math.max(0, from + ((audio().currentTime - begin) / perQuarter) * QUARTER);
    let clicked = -bar;
    const timer = setInterval(() => {
      if (!this.recording) {
        clearInterval(timer);
        return;
      }
      const now = ((audio().currentTime - begin) / perQuarter) * QUARTER;
      player.position = Math.max(0, from + now);
      for (; clicked < now + 2 * QUARTER; clicked += beat) click(begin + (clicked / QUARTER) * perQuarter, clicked % bar === 0);
    }, 60);
  }

  finish(): void {
    const end = this.#clock?.() ?? player.now();
    this.recording = false;
    this.#clock = null;
    player.pause();
    const played = quantisePlayed(notesOfKeys(this.#events, end), studio.snap);
    if (played.length === 0) {
      studio.tell(t('said.nothingRecorded'));
      return;
    }
    const { piece, count } = withPlayed(studio.piece, studio.focusLane, played);
    studio.edit(piece, t('history.record', { count }));
    studio.tell(t('said.recorded', { count }));
  }

  #program(): number {
    return studio.piece.parts.find((part) => part.lane === studio.focusLane)?.program ?? 0;
  }
}

/** Played notes in a lane, with enough bars to hold them. */
export function withPlayed(piece: Piece, lane: string, played: readonly { pitch: number; start: number; length: number; velocity: number }[]): { piece: Piece; count: number } {
  const ensured = ensurePart(piece, lane, lane);
  const added = addNotes(ensured.piece, played.map((note) => ({ ...note, lane, part: ensured.part })));
  const bars = barStarts(added.piece).length - 1;
  return { piece: { ...added.piece, bars: Math.max(piece.bars, bars) }, count: played.length };
}

export const recorder = new Recorder();
