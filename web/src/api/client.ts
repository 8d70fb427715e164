// Calls to the server. Every failure becomes an `ApiFailure` with one sentence that can be shown as it is.

import type {
  Candidate,
  Job,
  JobBody,
  JobTicket,
  Menu,
  RenderBody,
  Saved,
  ServerChord,
  ServerError,
  ServerPiece,
  Summary,
  VersionLine,
} from './types';

export class ApiFailure extends Error {
  readonly status: number;
  readonly code: string;
  readonly field: string | null;

  constructor(status: number, error: ServerError) {
    super(error.sentence);
    this.status = status;
    this.code = error.code;
    this.field = error.field ?? null;
  }
}

const NO_SERVER: ServerError = { code: 'no_server', sentence: 'The studio does not answer. Is aeolian still running?' };

async function call(method: string, path: string, init: RequestInit = {}): Promise<Response> {
  let response: Response;
  try {
    response = await fetch(`/api${path}`, { method, ...init });
  } catch (cause) {
    if (cause instanceof DOMException && cause.name === 'AbortError') throw cause;
    throw new ApiFailure(0, NO_SERVER);
  }
  if (response.ok) return response;
  const body = (await response.json().catch(() => null)) as { error?: ServerError } | null;
  throw new ApiFailure(response.status, body?.error ?? { code: 'internal', sentence: `${response.status} ${response.statusText}` });
}

async function get<T>(path: string): Promise<T> {
  return (await (await call('GET', path)).json()) as T;
}

function json(body: unknown, headers: Record<string, string> = {}, signal?: AbortSignal): RequestInit {
  return {
    body: JSON.stringify(body),
    headers: { 'content-type': 'application/json', ...headers },
    ...(signal ? { signal } : {}),
  };
}

async function send<T>(method: string, path: string, body: unknown, headers?: Record<string, string>): Promise<T> {
  return (await (await call(method, path, json(body, headers))).json()) as T;
}

export const api = {
  menu: () => get<Menu>('/verbs'),

  // A key of its own for every press of a button: if the connection breaks and the browser asks again, one job is made.
  createJob: (body: JobBody) => send<JobTicket>('POST', '/jobs', body, { 'idempotency-key': crypto.randomUUID() }),
  job: (id: string) => get<Job>(`/jobs/${id}`),
  jobs: (limit: number) => get<{ jobs: Job[] }>(`/jobs?limit=${limit}`),
  cancelJob: async (id: string) => (await (await call('DELETE', `/jobs/${id}`)).json()) as Job,
  markCandidate: (id: string, index: number, marks: { starred?: boolean; rejected?: boolean }) =>
    send<Candidate>('PATCH', `/jobs/${id}/candidates/${index}`, marks),
  eventsOf: (id: string) => new EventSource(`/api/jobs/${id}/events`),

  pieces: (query: { search?: string; starred?: boolean; trashed?: boolean; limit?: number; before?: number }) => {
    const words = new URLSearchParams();
    for (const [name, value] of Object.entries(query)) if (value !== undefined && value !== '') words.set(name, String(value));
    return get<{ pieces: Summary[] }>(`/pieces?${words}`);
  },
  piece: (id: string, version?: number) => get<Saved>(`/pieces/${id}${version ? `?version=${version}` : ''}`),
  versions: (id: string) => get<{ versions: VersionLine[] }>(`/pieces/${id}/versions`),
  savePiece: (body: { score: ServerPiece; title?: string } | { candidate: { job: string; index: number }; title?: string }) =>
    send<Saved>('POST', '/pieces', body),
  saveVersion: (
    id: string,
    body: { score: ServerPiece; base?: number; comment?: string } | { candidate: { job: string; index: number }; base?: number },
  ) => send<Saved>('PUT', `/pieces/${id}`, body),
  markPiece: (id: string, marks: { title?: string; starred?: boolean; trashed?: boolean }) =>
    send<Summary>('PATCH', `/pieces/${id}`, marks),
  importFile: async (file: Blob, title: string) => {
    const response = await call('POST', `/pieces?title=${encodeURIComponent(title)}`, {
      body: file,
      headers: { 'content-type': 'application/octet-stream' },
    });
    return (await response.json()) as Saved;
  },
  fileUrl: (id: string, version: number, ending: string) => `/api/pieces/${id}/file.${ending}?version=${version}`,
  stemsUrl: (id: string, version: number) => `/api/pieces/${id}/stems.zip?version=${version}&format=wav`,
  libraryUrl: '/api/library.zip',
  importLibrary: async (file: Blob) => {
    const response = await call('POST', '/library', { body: file, headers: { 'content-type': 'application/zip' } });
    return (await response.json()) as { pieces: number; versions: number; already: number };
  },

  convert: async (score: ServerPiece, format: 'mid' | 'musicxml' | 'svg') =>
    (await call('POST', '/convert', json({ score, format }))).blob(),
  render: async (body: RenderBody, signal?: AbortSignal) => {
    const response = await call('POST', '/render', json(body, {}, signal));
    return response.arrayBuffer();
  },
  analyze: (score: ServerPiece) =>
    send<{ key: string | null; chords: ServerChord[]; sections: { start: number; length: number; label: string }[] }>(
      'POST',
      '/analyze',
      { score },
    ),
  chords: (body: { text: string; key?: string; metre?: string; bars?: number }) =>
    send<{ bars: number; chords: ServerChord[] }>('POST', '/chords', body),
};
