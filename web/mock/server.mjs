// A studio without a model, for developing the page: random walks for music, sine tones for sound, nothing is kept.
// npm run mock, then npm run dev. Also serves dist/ with the policy of the real server, to try the built page.
import { createServer } from 'node:http';
import { readFile } from 'node:fs/promises';
import { randomUUID } from 'node:crypto';

const PORT = Number(process.env.PORT ?? 8174);
const LANES = ['melody', 'counter', 'harmony', 'bass', 'drums', 'sustained'];
const POLICY =
  "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; style-src-attr 'unsafe-inline'; img-src 'self' data: blob:; media-src 'self' blob: data:; font-src 'self' data:; connect-src 'self' blob: data:; worker-src 'self' blob:; manifest-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; object-src 'none'";
const id = () => randomUUID().replaceAll('-', '').slice(0, 24);
const jobs = new Map();
const pieces = new Map();

const menu = {
  version: 2,
  denoisers: ['transformer'],
  lanes: LANES.map((name) => ({ name, title: name[0].toUpperCase() + name.slice(1) })),
  verbs: ['compose', 'continue', 'infill', 'accompany', 'harmonize', 'reharmonize', 'melody', 'vary', 'perform', 'arrange', 'fit'].map((name) => ({
    name,
    sentence: name,
    source: name === 'compose' ? 'none' : 'needed',
    fields: [],
    candidates: name === 'compose' || name === 'perform' ? 1 : 4,
  })),
  moods: ['happy', 'calm', 'tender', 'energetic', 'sad', 'tense', 'bright', 'dark'].map((name) => ({ name, valence: 0, arousal: 0 })),
  metres: ['4/4', '3/4', '6/8', '2/4'],
  rhythms: ['straight', 'triplet', 'swing'],
  scales: ['major', 'minor'],
  keys: ['C major', 'G major', 'D major', 'F major', 'Bb major', 'A minor', 'E minor', 'F# minor'],
  defaults: { steps: 64, temperature: 1, bars: 8, denoiser: 'transformer', metre: '4/4' },
  limits: { bars: 256, body_bytes: 16777216, queued_jobs: 64, job_seconds: 1800, candidates: 8, notes: 50000 },
};

const SCALE = [0, 2, 4, 5, 7, 9, 11];
const CHORDS = [['C', [48, 52, 55]], ['Am7', [45, 48, 52, 55]], ['F', [41, 45, 48]], ['G7', [43, 47, 50, 53]]];

function walk(lane, from, bars) {
  const notes = [];
  const part = LANES.indexOf(lane);
  const add = (pitch, start, length, velocity = 60 + Math.floor(Math.random() * 50)) => notes.push({ lane, part, pitch, start, length, velocity });
  for (let bar = from; bar < from + bars; bar++) {
    const at = bar * 48;
    const chord = CHORDS[bar % 4][1];
    if (lane === 'melody' || lane === 'counter') {
      let degree = 7 + Math.floor(Math.random() * 5);
      for (let step = 0; step < 48; ) {
        const length = [6, 6, 12, 3, 9][Math.floor(Math.random() * 5)];
        degree += Math.floor(Math.random() * 5) - 2;
        add((lane === 'melody' ? 60 : 55) + 12 * Math.floor(degree / 7) + SCALE[((degree % 7) + 7) % 7], at + step, Math.min(length, 48 - step));
        step += length;
      }
    } else if (lane === 'harmony') for (const beat of [0, 24]) for (const pitch of chord) add(pitch + 12, at + beat, 23);
    else if (lane === 'bass') for (const beat of [0, 18, 24, 36]) add(chord[0] - 12, at + beat, 10);
    else if (lane === 'drums') for (let beat = 0; beat < 48; beat += 6) add(beat % 24 === 12 ? 38 : beat % 24 === 0 ? 36 : 42, at + beat, 3);
    else for (const pitch of chord.slice(0, 2)) add(pitch + 12, at, 47);
  }
  return notes;
}

function complete(piece) {
  const end = Math.max(1, ...piece.notes.map((n) => n.start + n.length), ...(piece.chords ?? []).map((c) => c.start + c.length));
  const bars = Math.ceil(end / 48);
  return { resolution: 12, tempo: piece.tempos?.[0]?.qpm ?? piece.tempo ?? 92, metre: '4/4', key: piece.keys?.[0]?.key ?? piece.key ?? 'C major', chords: [], sections: [], parts: LANES.map((lane) => ({ lane, name: lane, program: 0, drums: lane === 'drums' })), title: 'Aeolian', ...piece, bars };
}

const symbol = (s, i) => ({ start: 0, length: 48, symbol: s, pitches: CHORDS[i % 4][1] });

function make(request, source, index) {
  const { verb } = request.verb;
  if (!source) {
    const bars = request.bars ?? 12;
    return complete({ title: `Aeolian no. ${100 + index}`, tempo: request.tempo ?? 92, key: request.key ?? 'C major', notes: LANES.flatMap((lane) => walk(lane, 0, bars)), chords: Array.from({ length: bars }, (_, b) => ({ ...symbol(CHORDS[b % 4][0], b), start: b * 48 })), sections: [{ start: 0, length: bars * 48, label: 'A' }] });
  }
  const bars = complete(source).bars;
  if (verb === 'continue') return complete({ ...source, notes: [...source.notes, ...LANES.flatMap((lane) => walk(lane, bars, request.verb.bars))] });
  if (verb === 'infill') {
    let notes = source.notes;
    for (const part of request.verb.regions.split(';')) {
      const [span, lanes] = part.trim().split(':');
      const [a, b = a] = span.split('-').map(Number);
      const list = lanes ? lanes.split(',') : LANES;
      notes = notes.filter((n) => !(list.includes(n.lane) && n.start >= (a - 1) * 48 && n.start < b * 48));
      notes = [...notes, ...list.flatMap((lane) => walk(lane, a - 1, b - a + 1))];
    }
    return complete({ ...source, notes });
  }
  return complete({ ...source, notes: source.notes.map((n) => ({ ...n, pitch: n.lane === 'drums' ? n.pitch : n.pitch + (Math.random() < 0.15 ? 2 : 0) })) });
}

function candidateOf(job, index) {
  const piece = make(job.request, job.score, index);
  const old = new Set((job.score?.notes ?? []).map((n) => `${n.lane}:${n.pitch}:${n.start}`));
  return {
    index, seed: 7 + index, piece, key: piece.key, finished: true,
    marks: { nats_a_note: 2.3, broken: 0, new_notes: 12, sentence: '12 new notes, 2.31 nats a note (lower is more natural)' },
    report: [{ asked: 'everything else as it was', got: 'kept by every note', kept: 'proven' }, { asked: 'density 0.4', got: '0.43 in the mean', kept: 'measured' }],
    originality: { asked: 'nothing copied', got: 'at most 6 notes in a row are also in a song of the corpus', kept: 'measured' },
    new_notes: job.score ? piece.notes.flatMap((n, i) => (old.has(`${n.lane}:${n.pitch}:${n.start}`) ? [] : [i])) : null,
    starred: false, rejected: false, saved: null,
  };
}

function emit(job, event, data) {
  job.events.push({ event, data });
  for (const response of job.listeners) response.write(`id: ${job.events.length}\nevent: ${event}\ndata: ${JSON.stringify(data)}\n\n`);
  if (['done', 'cancelled', 'error'].includes(event)) {
    job.state = event;
    for (const response of job.listeners) response.end();
    job.listeners.clear();
  }
}

async function perform(job) {
  const steps = 16;
  emit(job, 'queued', { position: 0 });
  job.state = 'running';
  for (let index = 0; index < job.wanted; index++) {
    const candidate = candidateOf(job, index);
    const fresh = candidate.new_notes ? candidate.new_notes.map((i) => candidate.piece.notes[i]) : candidate.piece.notes;
    for (let step = 1; step <= steps; step++) {
      await new Promise((resolve) => setTimeout(resolve, Number(process.env.STEP_MS ?? 90)));
      if (job.state === 'cancelled') return;
      job.done = index * steps + step;
      job.total = job.wanted * steps;
      const notes = fresh.filter((_, i) => (i * 7) % steps < step).map((n) => ({ ...n, pitch: n.pitch + (Math.random() < 0.4 * (1 - step / steps) ? 3 : 0) }));
      emit(job, 'preview', { candidate: index, done: job.done, total: job.total, from: 0, to: candidate.piece.bars * 48, notes, chords: candidate.piece.chords });
    }
    job.candidates.push(candidate);
    emit(job, 'notes', candidate);
  }
  job.order = job.candidates.map((c) => c.index).reverse();
  emit(job, 'done', { order: job.order, seconds: 3 });
}

function wav(notes, tempo) {
  const rate = 22050;
  const seconds = Math.max(0.5, ...notes.map((n) => ((n.start + n.length) * 60) / (tempo * 12))) + 0.5;
  const count = Math.ceil(seconds * rate);
  const buffer = Buffer.alloc(44 + count * 2);
  buffer.write('RIFF', 0); buffer.writeUInt32LE(36 + count * 2, 4); buffer.write('WAVEfmt ', 8);
  buffer.writeUInt32LE(16, 16); buffer.writeUInt16LE(1, 20); buffer.writeUInt16LE(1, 22); buffer.writeUInt32LE(rate, 24); buffer.writeUInt32LE(rate * 2, 28); buffer.writeUInt16LE(2, 32); buffer.writeUInt16LE(16, 34);
  buffer.write('data', 36); buffer.writeUInt32LE(count * 2, 40);
  const sum = new Float32Array(count);
  for (const n of notes) {
    const from = Math.floor(((n.start * 60) / (tempo * 12)) * rate);
    const length = Math.floor(((n.length * 60) / (tempo * 12)) * rate);
    const step = (2 * Math.PI * 440 * 2 ** ((n.pitch - 69) / 12)) / rate;
    for (let i = 0; i < length && from + i < count; i++) sum[from + i] += Math.sin(step * i) * Math.exp((-2 * i) / rate) * 0.1;
  }
  for (let i = 0; i < count; i++) buffer.writeInt16LE(Math.max(-32767, Math.min(32767, sum[i] * 32767)), 44 + i * 2);
  return buffer;
}

/** One voice in quarters: enough to see the notation view. */
function musicXml(piece) {
  const steps = ['C', 'C', 'D', 'E', 'E', 'F', 'F', 'G', 'A', 'A', 'B', 'B'];
  const measures = Array.from({ length: piece.bars }, (_, bar) => {
    const beats = [0, 12, 24, 36].map((beat) => {
      const note = piece.notes.find((n) => n.lane === 'melody' && n.start <= bar * 48 + beat && n.start + n.length > bar * 48 + beat);
      const pitch = note ? `<pitch><step>${steps[note.pitch % 12]}</step><octave>${Math.floor(note.pitch / 12) - 1}</octave></pitch>` : '<rest/>';
      return `<note>${pitch}<duration>1</duration><type>quarter</type></note>`;
    });
    const attributes = bar === 0 ? '<attributes><divisions>1</divisions><time><beats>4</beats><beat-type>4</beat-type></time><clef><sign>G</sign><line>2</line></clef></attributes>' : '';
    return `<measure number="${bar + 1}">${attributes}${beats.join('')}</measure>`;
  });
  return `<?xml version="1.0"?><score-partwise version="4.0"><part-list><score-part id="P1"><part-name>Melody</part-name></score-part></part-list><part id="P1">${measures.join('')}</part></score-partwise>`;
}

const saved = (p, v = p.versions.length) => ({ id: p.id, title: p.title, starred: p.starred, trashed: p.trashed, version: v, versions: p.versions.length, created: p.created, updated: p.updated, saved: p.updated, ...p.versions[v - 1] });
const summary = (p) => { const v = p.versions.at(-1); return { id: p.id, title: p.title, starred: p.starred, trashed: p.trashed, version: p.versions.length, created: p.created, updated: p.updated, bars: v.piece.bars, key: v.piece.key, tempo: v.piece.tempo, metre: '4/4', lanes: LANES, notes: v.piece.notes.length, verb: v.verb }; };
const version = (body) => {
  if (body.candidate) { const job = jobs.get(body.candidate.job); const c = job.candidates[body.candidate.index]; return { piece: c.piece, verb: job.verb, seed: 7, comment: null, report: c.report, originality: c.originality, recipe: null, repairs: null }; }
  return { piece: complete(body.score), verb: null, seed: null, comment: body.comment ?? null, report: [], originality: null, recipe: null, repairs: null };
};

createServer(async (request, response) => {
  const url = new URL(request.url, 'http://x');
  const parts = url.pathname.split('/').filter(Boolean);
  const chunks = []; for await (const chunk of request) chunks.push(chunk);
  const raw = Buffer.concat(chunks);
  const isJson = (request.headers['content-type'] ?? '').startsWith('application/json');
  const body = isJson && raw.length ? JSON.parse(raw.toString()) : null;
  const send = (value, status = 200) => { response.writeHead(status, { 'content-type': 'application/json' }); response.end(JSON.stringify(value)); };
  const bytes = (value, type) => { response.writeHead(200, { 'content-type': type }); response.end(value); };
  const fail = (status, code, sentence) => send({ error: { code, sentence } }, status);
  if (parts[0] !== 'api') {
    try {
      const file = url.pathname === '/' ? '/index.html' : url.pathname.replaceAll('..', '');
      const data = await readFile(new URL(`../dist${file}`, import.meta.url));
      const type = { html: 'text/html', js: 'text/javascript', css: 'text/css', svg: 'image/svg+xml' }[file.split('.').pop()] ?? 'application/octet-stream';
      response.writeHead(200, { 'content-type': type, 'content-security-policy': POLICY }); response.end(data);
    } catch { fail(404, 'not_found', 'no such page'); }
    return;
  }
  const [, room, name, what] = parts;
  if (room === 'verbs') return send(menu);
  if (room === 'jobs' && request.method === 'POST') {
    const source = body.source ? (body.source.score ?? pieces.get(body.source.piece)?.versions.at(-1).piece) : null;
    const wanted = body.candidates ?? (body.request.verb.verb === 'compose' ? 1 : 4);
    const job = { id: id(), verb: body.request.verb.verb, request: body.request, score: source ? complete(source) : null, wanted, state: 'queued', done: 0, total: 0, candidates: [], order: null, events: [], listeners: new Set(), created: Date.now() };
    jobs.set(job.id, job); void perform(job);
    return send({ id: job.id, state: 'queued', seed: 7, events: `/api/jobs/${job.id}/events` }, 202);
  }
  if (room === 'jobs') {
    const job = jobs.get(name); if (!job) return fail(404, 'not_found', 'there is no such job');
    const { events, listeners, score, ...plain } = job;
    if (what === 'events') {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      events.forEach((e, i) => { if (e.event !== 'preview' || i === events.length - 1) response.write(`event: ${e.event}\ndata: ${JSON.stringify(e.data)}\n\n`); });
      if (['done', 'cancelled', 'error'].includes(job.state)) return response.end();
      listeners.add(response); request.on('close', () => listeners.delete(response));
      return;
    }
    if (what === 'candidates') { Object.assign(job.candidates[Number(parts[4])], body); return send(job.candidates[Number(parts[4])]); }
    if (request.method === 'DELETE' && !['done', 'cancelled'].includes(job.state)) emit(job, 'cancelled', { candidates: job.candidates.length, unfinished: null });
    return send({ ...plain, state: job.state, position: null, source: null, unfinished: null, error: null });
  }
  if (room === 'pieces') {
    if (!name && request.method === 'GET') return send({ pieces: [...pieces.values()].filter((p) => p.trashed === (url.searchParams.get('trashed') === 'true') && p.title.toLowerCase().includes((url.searchParams.get('search') ?? '').toLowerCase()) && (!url.searchParams.get('starred') || p.starred)).map(summary).sort((a, b) => b.updated - a.updated) });
    if (!name) {
      const made = isJson ? version(body) : { ...version({ score: { notes: walk('melody', 0, 8) } }), repairs: null };
      const p = { id: id(), title: (isJson ? (body.title ?? made.piece.title) : url.searchParams.get('title')) ?? 'Untitled', starred: false, trashed: false, created: Date.now(), updated: Date.now(), versions: [made] };
      pieces.set(p.id, p); return send(saved(p), 201);
    }
    const p = pieces.get(name); if (!p) return fail(404, 'not_found', 'there is no such piece');
    if (what === 'versions') return send({ versions: p.versions.map((v, i) => ({ version: i + 1, saved: p.updated, verb: v.verb, seed: v.seed, bars: v.piece.bars, notes: v.piece.notes.length, comment: v.comment })) });
    if (what?.startsWith('file.')) return bytes(Buffer.from('mock'), 'application/octet-stream');
    if (request.method === 'PUT') { p.versions.push(version(body)); p.updated = Date.now(); return send(saved(p)); }
    if (request.method === 'PATCH') { Object.assign(p, body); p.updated = Date.now(); return send(summary(p)); }
    return send(saved(p, Number(url.searchParams.get('version') ?? p.versions.length)));
  }
  if (room === 'chords') {
    const bars = body.text.split('|').map((s) => s.trim()).filter(Boolean);
    const chords = bars.flatMap((bar, b) => { const words = bar.split(/\s+/); return words.map((w, i) => ({ start: b * 48 + (i * 48) / words.length, length: 48 / words.length, symbol: w, pitches: [48, 52, 55] })); });
    if (chords.some((c) => !/^[A-G]/.test(c.symbol))) return fail(422, 'cannot_be_met', `“${chords.find((c) => !/^[A-G]/.test(c.symbol)).symbol}” is not a chord`);
    return send({ bars: bars.length, chords });
  }
  if (room === 'convert') return bytes(musicXml(complete(body.score)), 'application/vnd.recordare.musicxml+xml');
  if (room === 'analyze') return send({ key: 'C major', chords: Array.from({ length: 8 }, (_, b) => ({ ...symbol(CHORDS[b % 4][0], b), start: b * 48 })), sections: [] });
  if (room === 'render') {
    const score = complete(body.score); const tempo = score.tempos?.[0]?.qpm ?? score.tempo;
    const from = (body.from_bar ?? 0) * 48;
    const chosen = score.notes.filter((n) => n.start >= from && (!body.parts || body.parts.includes(n.part ?? 0)));
    return bytes(wav(chosen.map((n) => ({ ...n, start: n.start - from })), tempo), 'audio/wav');
  }
  fail(404, 'not_found', 'the mock does not know this');
}).listen(PORT, () => console.log(`mock studio on http://127.0.0.1:${PORT}`));
