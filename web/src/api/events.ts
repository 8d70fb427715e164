// What a job looks like while it runs: one pure function folds the server's events into it.

import type { Candidate, Job, JobState, Preview, ServerError } from './types';

export interface JobView {
  readonly id: string;
  readonly verb: string;
  readonly state: JobState;
  readonly position: number | null;
  readonly done: number;
  readonly total: number;
  readonly wanted: number;
  /** By index; events may repeat after a reconnection. */
  readonly candidates: readonly Candidate[];
  readonly order: readonly number[] | null;
  readonly preview: Preview | null;
  /** Previews seen of each candidate: several may be written side by side, and `done` counts them all. */
  readonly seen: Readonly<Record<number, number>>;
  readonly unfinished: Candidate | null;
  readonly error: ServerError | null;
  readonly seconds: number | null;
}

export type JobEvent =
  | { kind: 'queued'; data: { position: number } }
  | { kind: 'progress'; data: { candidate: number; done: number; total: number } }
  | { kind: 'preview'; data: Preview }
  | { kind: 'notes'; data: Candidate }
  | { kind: 'done'; data: { order: number[]; seconds: number } }
  | { kind: 'cancelled'; data: { candidates: number; unfinished: Candidate | null } }
  | { kind: 'error'; data: { error: ServerError } };

export const JOB_EVENTS = ['queued', 'progress', 'preview', 'notes', 'done', 'cancelled', 'error'] as const;

export function startJob(id: string, verb: string, wanted: number): JobView {
  return {
    id,
    verb,
    state: 'queued',
    position: null,
    done: 0,
    total: 0,
    wanted,
    candidates: [],
    order: null,
    preview: null,
    seen: {},
    unfinished: null,
    error: null,
    seconds: null,
  };
}

export function viewOfJob(job: Job): JobView {
  return {
    ...startJob(job.id, job.verb, job.wanted),
    state: job.state,
    position: job.position ?? null,
    done: job.done,
    total: job.total,
    candidates: job.candidates,
    order: job.order ?? null,
    unfinished: job.unfinished ?? null,
    error: job.error ?? null,
  };
}

export function isOver(view: JobView): boolean {
  return view.state === 'done' || view.state === 'cancelled' || view.state === 'error';
}

/** 0 to 1. */
export function progressOf(view: JobView): number {
  if (view.state === 'done') return 1;
  return view.total > 0 ? Math.min(1, view.done / view.total) : 0;
}

/** 0 to 1 for the candidate whose preview is shown; all candidates take the same number of steps. */
export function candidateProgress(view: JobView): number {
  if (!view.preview || view.total === 0) return 0;
  return Math.min(1, ((view.seen[view.preview.candidate] ?? 0) * Math.max(1, view.wanted)) / view.total);
}

export function reduceJob(view: JobView, event: JobEvent): JobView {
  switch (event.kind) {
    case 'queued':
      // The stream tells its story from the beginning after a reconnection: an ended job stays ended.
      return isOver(view) ? view : { ...view, state: 'queued', position: event.data.position };
    case 'progress':
      return isOver(view) ? view : { ...view, state: 'running', position: null, ...steps(event.data) };
    case 'preview':
      return isOver(view) ? view : previewed(view, event.data);
    case 'notes': {
      const others = view.candidates.filter((candidate) => candidate.index !== event.data.index);
      const candidates = [...others, event.data].sort((a, b) => a.index - b.index);
      const preview = view.preview?.candidate === event.data.index ? null : view.preview;
      return { ...view, state: isOver(view) ? view.state : 'running', candidates, preview };
    }
    case 'done':
      return { ...view, state: 'done', order: event.data.order, seconds: event.data.seconds, preview: null, position: null };
    case 'cancelled':
      return { ...view, state: 'cancelled', unfinished: event.data.unfinished, preview: null, position: null };
    case 'error':
      return { ...view, state: 'error', error: event.data.error, preview: null, position: null };
  }
}

/** One candidate is watched until it is finished, or the picture would jump from one to the other. */
function previewed(view: JobView, preview: Preview): JobView {
  const { candidate } = preview;
  const seen = { ...view.seen, [candidate]: (view.seen[candidate] ?? 0) + 1 };
  const watched = view.preview === null || view.preview.candidate === candidate;
  return { ...view, state: 'running', position: null, ...steps(preview), seen, preview: watched ? preview : view.preview };
}

function steps(data: { done: number; total: number }): { done: number; total: number } {
  return { done: data.done, total: data.total };
}

/** Candidates as they are offered: best first once the order is known. */
export function offered(view: JobView): Candidate[] {
  if (!view.order) return [...view.candidates];
  const place = new Map(view.order.map((index, i) => [index, i]));
  return [...view.candidates].sort((a, b) => (place.get(a.index) ?? a.index) - (place.get(b.index) ?? b.index));
}

/** Listens until the job is over. Returns a function that stops listening; the job itself goes on. */
export function listenToJob(source: EventSource, onEvent: (event: JobEvent) => void, onLost: () => void = () => undefined): () => void {
  for (const kind of JOB_EVENTS) {
    source.addEventListener(kind, (message) => {
      const text = (message as MessageEvent<string>).data;
      if (typeof text !== 'string') {
        // The browser's own "error" has no data. A broken connection is tried again by itself; a refused one is closed.
        if (source.readyState === EventSource.CLOSED) onLost();
        return;
      }
      onEvent({ kind, data: JSON.parse(text) } as JobEvent);
      if (kind === 'done' || kind === 'cancelled' || kind === 'error') source.close();
    });
  }
  return () => source.close();
}
