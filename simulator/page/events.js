// What happened, the latest first: webhooks, requests, the debugger, the log.

import { byId, clock, get, h, setText, short } from './dom.js';
import { openStory } from './story.js';
import { marks, outcome, result, subject, tell } from './words.js';

const kept = 3000; // of each journal, here; the simulator keeps many more
const shown = 250; // rows on the page

const journals = { webhook: [], request: [], alert: [], log: [] };
const totals = {}; // what the simulator has of each

const tabs = [
  { id: 'webhook', title: 'Webhooks', row: webhookRow, none: 'No webhook has been sent yet.' },
  { id: 'request', title: 'Requests', row: requestRow, none: 'No request has been served yet.' },
  { id: 'alert', title: 'Debugger', row: alertRow, none: 'No alerts: Twilio would have nothing to complain about.' },
  { id: 'log', title: 'Log', row: logRow, none: 'Nothing has happened yet.' },
];
const kinds = new Set();

let tab = tabs[0];
let paused = false;
let fresh = new Set(); // entries that the page does not show yet
let redraw = true;
let later = () => {};

/* Entries in */

/** keep takes an entry from the stream; n is its number in its journal. */
export function keep(journal, entry, n) {
  totals[journal] = n + 1;
  if (journal === 'log' && entry.what === 'Alerted') keepAlert(entry, n);
  add(journal, entry);
}

function add(journal, entry) {
  const entries = journals[journal];
  entries.push(entry);
  if (entries.length > kept * 1.2) entries.splice(0, entries.length - kept);
  if (journal === tab.id) fresh.add(entry);
  if (journal === 'webhook' && !kinds.has(entry.kind)) addKind(entry.kind);
}

// Alerts are few, and may be older than what the stream begins with: they are asked for at the start.
let alertsKnownTo = null; // number of the log's entries that the answer covered
let early = [];
function keepAlert(entry, n) {
  if (alertsKnownTo === null) early.push([entry, n]);
  else if (n >= alertsKnownTo) add('alert', entry);
}

/** forget starts anew: the simulator that the entries came from is gone. */
export async function forget() {
  for (const entries of Object.values(journals)) entries.length = 0;
  Object.keys(totals).forEach((journal) => delete totals[journal]);
  fresh.clear();
  [alertsKnownTo, early, redraw] = [null, [], true];
  const { entries, next } = await get('log?about=Alerted').catch(() => ({ entries: [], next: 0 }));
  alertsKnownTo = next;
  entries.slice(-kept).forEach((entry) => add('alert', entry));
  early.filter(([, n]) => n >= next).forEach(([entry]) => add('alert', entry));
  later();
}

export const alerts = () => journals.alert.length;

/* Rows */

function time(at) {
  return h('time', { class: 'at mono', datetime: at }, clock(at));
}

/** disclosure is a row that opens. What is inside is made when it is first wanted. */
function disclosure(cells, inside) {
  const button = h('button', { type: 'button', class: 'row', 'aria-expanded': 'false', tabindex: -1 }, cells);
  const item = h('li', {}, button);
  button.addEventListener('click', () => {
    const open = button.getAttribute('aria-expanded') === 'false';
    button.setAttribute('aria-expanded', String(open));
    if (open) item.append(inside());
    else item.lastElementChild.remove();
  });
  return item;
}

function webhookRow(w) {
  const party = w.form?.To?.[0] ?? w.form?.ParticipantLabel?.[0] ?? w.form?.WorkerName?.[0] ?? '';
  return disclosure([time(w.at), h('span', { class: 'kind' }, w.kind), h('span', { class: 'subject' }, subject(w)),
    h('span', { class: 'about mono' }, party || short(w.form?.TaskSid?.[0] ?? w.form?.ConferenceSid?.[0] ?? '')),
    h('span', { class: 'marks' }, marks(w)), result(w.status, outcome(w)), h('span', { class: 'took mono' }, w.status ? `${w.duration_ms} ms` : '')],
    () => webhookDetails(w));
}

function pairs(rows) {
  return h('dl', { class: 'pairs mono' }, rows.filter(([, value]) => value !== undefined && value !== '')
    .flatMap(([name, value]) => [h('dt', {}, name), h('dd', {}, linked(String(value)))]));
}

/** linked makes a SID the way to its story. */
function linked(value) {
  if (!/^(CA|CF|WT|WR)[0-9a-f]{32}$/.test(value)) return value;
  return h('button', { type: 'button', class: 'link', onclick: () => openStory(value) }, value);
}

function webhookDetails(w) {
  const form = Object.entries(w.form ?? {}).sort(([a], [b]) => (a < b ? -1 : 1)).flatMap(([name, values]) => values.map((v) => [name, v]));
  const tries = w.attempts.length > 1 ? w.attempts.map((a, i) => [`attempt ${i + 1}`, `${a.status || a.error} after ${a.duration_ms} ms`]) : [];
  return h('div', { class: 'details' },
    h('h4', {}, 'Request'),
    pairs([[w.method, w.url], ['X-Twilio-Signature', w.signature], ['I-Twilio-Idempotency-Token', w.token]]),
    h('h4', {}, 'Parameters'), pairs(form),
    h('h4', {}, 'Answer'),
    pairs([...tries, ['status', w.status || outcome(w)], ['fault', w.fault], ['error', w.error], ['content type', w.content_type]]),
    w.body && h('pre', { tabindex: 0, 'aria-label': 'Body of the answer' }, w.body));
}

function requestRow(r) {
  const [, route] = r.route ? r.route.split(' ') : ['', 'no such route'];
  return disclosure([time(r.at), h('span', { class: 'kind' }, r.method), h('span', { class: 'subject wide mono' }, route),
    h('span', { class: 'about mono' }, settings(r)), h('span', { class: 'marks' }, r.fault && h('span', { class: 'mark' }, r.fault)),
    result(r.status, 'reply lost')],
    () => h('div', { class: 'details' }, pairs([['route', r.route], ['status', r.status || 'the reply was lost'],
      ['took effect', r.effect ? 'yes' : 'no'], ['fault', r.fault], ['created', r.created],
      ...(r.summary ?? '').split(' ').filter(Boolean).map((word) => word.includes('=') ? word.split(/=(.*)/s) : ['names', word])])));
}

/** settings are the parameters whose values the simulator tells: not SIDs, nothing about people. */
const settings = (r) => (r.summary ?? '').split(' ').filter((word) => /=(?![A-Z]{2}[0-9a-f]{32})/.test(word)).join(' ');

function alertRow(e) {
  const [code, ...text] = e.detail.split(' ');
  return disclosure([time(e.at), h('span', { class: 'kind code' }, code), h('span', { class: 'subject wide' }, text.join(' ')),
    h('span', { class: 'about mono' }, e.party || '')],
    () => h('div', { class: 'details' },
      pairs([['CallSid', e.call_sid], ['ConferenceSid', e.conference_sid], ['TaskSid', e.task_sid], ['ReservationSid', e.reservation_sid]]),
      h('p', {}, h('a', { href: `https://www.twilio.com/docs/errors/${code}`, rel: 'noreferrer', target: '_blank' },
        `https://www.twilio.com/docs/errors/${code}`))));
}

function logRow(e) {
  return disclosure([time(e.at), h('span', { class: 'kind' }, e.what), h('span', { class: 'subject wide' }, tell(e)),
    h('span', { class: 'about mono' }, e.party || short(e.task_sid ?? e.conference_sid ?? ''))],
    () => h('div', { class: 'details' }, pairs([['detail', e.detail], ['CallSid', e.call_sid], ['ConferenceSid', e.conference_sid],
      ['TaskSid', e.task_sid], ['ReservationSid', e.reservation_sid]])));
}

/* The list */

const texts = new WeakMap();
function text(entry) {
  if (!texts.has(entry)) texts.set(entry, JSON.stringify(entry).toLowerCase());
  return texts.get(entry);
}

function wanted(entry) {
  const kind = byId('events-kind').value;
  const words = byId('events-filter').value.trim().toLowerCase();
  return (tab.id !== 'webhook' || !kind || entry.kind === kind) && (!words || text(entry).includes(words));
}

/** showEvents draws what came since the last time; all of it after a change of tab or filter. */
export function showEvents() {
  for (const { id, title } of tabs) setText(byId(`tab-${id}`).lastChild, ` ${totals[id] ?? (journals[id].length || '')}`);
  if (paused && !redraw) return;
  const parent = byId('event-list');
  if (redraw) {
    const some = [];
    for (let i = journals[tab.id].length - 1; i >= 0 && some.length < shown; i--) {
      if (wanted(journals[tab.id][i])) some.push(journals[tab.id][i]);
    }
    parent.rows = h('ol', { class: `journal ${tab.id}` }, some.map(tab.row));
    parent.none = h('p', { class: 'more' });
    parent.replaceChildren(parent.rows, parent.none);
    parent.scrollTop = 0;
  } else {
    const some = [...fresh].slice(-shown).filter(wanted).reverse();
    parent.rows.prepend(...some.map(tab.row));
    while (parent.rows.childElementCount > shown) parent.rows.lastElementChild.remove();
  }
  fresh.clear();
  redraw = false;
  const { rows } = parent;
  if (!rows.querySelector('.row[tabindex="0"]')) rows.querySelector('.row')?.setAttribute('tabindex', 0);
  parent.none.hidden = rows.childElementCount > 0;
  setText(parent.none, journals[tab.id].length ? 'Nothing matches the filter.' : tab.none);
}

function addKind(kind) {
  kinds.add(kind);
  byId('events-kind').append(h('option', {}, kind));
}

function choose(next) {
  tab = next;
  redraw = true;
  for (const { id } of tabs) {
    byId(`tab-${id}`).setAttribute('aria-selected', String(id === tab.id));
    byId(`tab-${id}`).tabIndex = id === tab.id ? 0 : -1;
  }
  byId('event-list').setAttribute('aria-labelledby', `tab-${tab.id}`);
  byId('events-kind').hidden = tab.id !== 'webhook';
  later();
}

/** startEvents wires the controls of the list; draw asks for a drawing soon. */
export function startEvents(draw) {
  later = draw;
  const row = byId('tabs');
  for (const t of tabs) {
    row.append(h('button', { type: 'button', role: 'tab', id: `tab-${t.id}`, 'aria-controls': 'event-list', onclick: () => choose(t) },
      t.title, h('span', { class: 'count' })));
  }
  row.addEventListener('keydown', (e) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[e.key];
    if (!step) return;
    const next = tabs[(tabs.indexOf(tab) + step + tabs.length) % tabs.length];
    choose(next);
    byId(`tab-${next.id}`).focus();
  });
  byId('events-kind').append(h('option', { value: '' }, 'All kinds'));
  ['assignment', 'taskrouter.event', 'call.status', 'conference', 'amd', 'twiml', 'recording'].forEach(addKind);
  for (const [id, event] of [['events-kind', 'change'], ['events-filter', 'input']]) {
    byId(id).addEventListener(event, () => {
      redraw = true;
      draw();
    });
  }
  toggle('events-pause', (on) => {
    paused = on;
    setText(byId('events-pause'), on ? 'Go on' : 'Pause');
    redraw = !on;
    draw();
  });
  toggle('events-tall', (on) => (document.body.dataset.tall = on));
  // One stop of the Tab key for the whole list; the arrows go through it.
  byId('event-list').addEventListener('keydown', (e) => {
    const from = e.target.closest?.('.row')?.parentElement;
    const to = from && { ArrowDown: from.nextElementSibling, ArrowUp: from.previousElementSibling,
      Home: from.parentElement.firstElementChild, End: from.parentElement.lastElementChild }[e.key];
    if (!to) return;
    e.preventDefault();
    from.firstElementChild.tabIndex = -1;
    to.firstElementChild.tabIndex = 0;
    to.firstElementChild.focus();
  });
  choose(tabs[0]);
}

function toggle(id, change) {
  byId(id).addEventListener('click', (e) => {
    const on = e.currentTarget.getAttribute('aria-pressed') !== 'true';
    e.currentTarget.setAttribute('aria-pressed', String(on));
    change(on);
  });
}
