// Calls as they are: a card for each conference and for each call of its own, and those that ended.

import { byId, h, list, send, setAttribute, setSince, setText, short, since, span } from './dom.js';
import { openStory } from './story.js';
import { heard } from './words.js';

const mostCards = 120; // a browser slows down long before the simulator does
const denseFrom = 25;

/** line is the leg's place on the wire: the word that style.css draws. */
function line(call) {
  if (call.status === 'ringing') return 'ringing';
  if (call.status !== 'in-progress') return 'queued';
  if (call.participant?.hold) return 'held';
  if (call.hears === 'the conversation') return call.participant?.muted ? 'muted' : 'talking';
  return call.says ? 'talking' : 'alone'; // a person's own voice is heard by whatever answers the call
}

function status(call, names) {
  const p = call.participant;
  if (call.status !== 'in-progress') return { initiated: 'dialling', queued: 'queued' }[call.status] ?? call.status;
  const words = [p?.hold && 'on hold', p?.muted && 'muted', p?.coaching && `coaching ${names.get(p.call_sid_to_coach) ?? ''}`].filter(Boolean);
  return words.length ? words.join(', ') : 'connected';
}

const nameOf = (call) => call.participant?.label || call.party.replace(/^client:/, '');

function hears(call, names) {
  if (call.status !== 'in-progress') return { text: '' };
  if (call.hears === 'the conversation') {
    const voices = (call.hears_calls ?? []).map((sid) => names.get(sid) ?? short(sid));
    return voices.length ? { text: voices.join(', '), voice: true } : { text: 'nobody' };
  }
  const what = heard(call.hears);
  return { ...what, bad: what.text === 'silence' };
}

/** What the conference is doing as a whole. */
function phase(legs) {
  const lines = legs.map(line);
  for (const [is, word] of [['talking', 'talking'], ['muted', 'muted'], ['ringing', 'ringing'], ['held', 'on hold'], ['alone', 'waiting']]) {
    if (lines.includes(is)) return { is, word };
  }
  return { is: 'queued', word: 'dialling' };
}

function makeLeg(call) {
  const parts = {
    name: h('button', { type: 'button', class: 'name', title: call.sid, onclick: () => openStory(call.sid) }),
    party: h('span', { class: 'party mono' }),
    status: h('span', { class: 'status' }),
    since: since(call.status_since),
    verb: h('span', { class: 'verb' }, ', hears '),
    hears: h('span'),
    says: h('span', { class: 'says' }),
    hangUp: h('button', { type: 'button', class: 'hang-up', onclick: () => send('POST', 'hangup', { call_sid: call.sid }) }, 'Hang up'),
  };
  const leg = h('li', { class: 'leg' },
    h('span', { class: 'node', 'aria-hidden': 'true' }),
    h('div', { class: 'who' }, parts.name, ' ', parts.party),
    parts.since,
    h('div', { class: 'now' }, parts.status, parts.verb, parts.hears, parts.says),
    parts.hangUp);
  leg.parts = parts;
  return leg;
}

function updateLeg(leg, call, names) {
  const { parts } = leg;
  const name = nameOf(call);
  setAttribute(leg, 'data-line', line(call));
  setText(parts.name, name);
  setText(parts.party, name === call.party ? '' : call.party);
  setText(parts.status, status(call, names));
  setSince(parts.since, call.status_since);
  const what = hears(call, names);
  parts.verb.hidden = !what.text;
  setText(parts.hears, what.text);
  setAttribute(parts.hears, 'class', what.said ? 'said' : what.voice ? 'voice' : what.bad ? 'bad' : 'sound');
  setAttribute(parts.hears, 'title', what.url ?? null);
  const said = call.says && heard(call.says).text;
  setText(parts.says, said ? `, says ${said}` : '');
  parts.hangUp.hidden = call.status !== 'ringing' && call.status !== 'in-progress';
  setText(parts.hangUp, call.status === 'ringing' ? 'Decline' : 'Hang up');
  setAttribute(parts.hangUp, 'aria-label', `${parts.hangUp.textContent}: ${name}`);
}

function makeCard(group) {
  const card = h('article', { class: 'card' },
    h('header', {},
      h('h3', {}, h('button', { type: 'button', class: 'title', title: group.sid, onclick: () => openStory(group.sid) }, group.title)),
      h('span', { class: 'phase' }), since(group.since)),
    h('ol', { class: 'legs' }));
  card.setAttribute('aria-label', group.conference ? `Conference ${group.title}` : `Call of ${group.title}`);
  card.parts = { phase: card.querySelector('.phase'), since: card.querySelector('time'), legs: card.querySelector('.legs') };
  return card;
}

function updateCard(card, group) {
  const { is, word } = phase(group.legs);
  const names = new Map(group.legs.map((call) => [call.sid, nameOf(call)]));
  setAttribute(card, 'data-phase', is);
  card.classList.toggle('single', !group.conference && group.legs.length === 1);
  const dialledIn = group.legs[0]?.direction === 'inbound';
  setText(card.parts.phase, group.conference || is !== 'alone' ? word : dialledIn ? 'dialled in' : 'running TwiML');
  setSince(card.parts.since, group.since);
  list(card.parts.legs, group.legs, { key: (c) => c.sid, make: makeLeg, update: (leg, call) => updateLeg(leg, call, names) });
}

const still = matchMedia('(prefers-reduced-motion: reduce)');
function fade(card) {
  if (still.matches) return card.remove();
  card.leaving = true;
  card.classList.add('leaving');
  setTimeout(() => card.remove(), 450);
}

/** groups puts legs together: those of a conference, a call and the legs that its Dial made. */
function groups(state) {
  const calls = new Map(state.calls.map((call) => [call.sid, call]));
  const all = state.conferences.map((c) => ({
    sid: c.sid, title: c.name, conference: c, since: c.status_since, created: c.created_at,
    legs: c.call_sids.map((sid) => calls.get(sid)).filter(Boolean),
  }));
  const of = new Map(all.flatMap((group) => group.legs.map((call) => [call.sid, group])));
  for (const call of state.calls) { // a call comes before the legs that its Dial makes
    if (of.has(call.sid)) continue;
    let group = of.get(call.parent_sid);
    if (!group) {
      group = { sid: call.sid, title: call.party, since: call.status_since, created: call.created_at, legs: [] };
      all.push(group);
    }
    group.legs.push(call);
    of.set(call.sid, group);
  }
  return all.sort((a, b) => Date.parse(b.created) - Date.parse(a.created)); // the newest first
}

function matches(group, text) {
  return !text || [group.sid, group.title, ...group.legs.flatMap((c) => [c.sid, c.party, c.from, c.participant?.label])]
    .some((value) => value?.toLowerCase().includes(text));
}

const by = { party: 'hung up', request: 'by request', conference: 'with the conference', twilio: 'by Twilio' };

function makeEnded(call) {
  const talked = call.answered_at ? span(Date.parse(call.ended_at) - Date.parse(call.answered_at)) : '–';
  return h('li', { 'data-status': call.status },
    h('button', { type: 'button', class: 'name mono', title: call.sid, onclick: () => openStory(call.sid) }, call.party),
    h('span', { class: 'status' }, call.status),
    h('span', { class: 'by' }, call.status === 'completed' || call.ended_by === 'request' ? by[call.ended_by] ?? '' : ''),
    h('span', { class: 'talked', title: 'time on the line' }, talked),
    h('span', { class: 'ago' }, since(call.ended_at), ' ago'));
}

export function showCalls(state, firstSteps) {
  const filter = byId('calls-filter').value.trim().toLowerCase();
  const all = groups(state);
  const fit = all.filter((group) => matches(group, filter));
  const shown = fit.slice(0, mostCards);
  const cards = byId('cards');
  setAttribute(cards, 'data-dense', fit.length >= denseFrom ? '' : null);
  list(cards, shown, { key: (g) => g.sid, make: makeCard, update: updateCard, leave: fade });

  const more = byId('more-calls');
  more.hidden = fit.length === shown.length;
  setText(more, `And ${fit.length - shown.length} more; filter to find one.`);

  const none = byId('no-calls');
  none.hidden = all.length > 0;
  if (!all.length && !none.childElementCount) none.append(...firstSteps());
  if (all.length && !fit.length) {
    more.hidden = false;
    setText(more, 'No live call matches the filter.');
  }

  const ended = state.ended_calls.filter((c) => !filter || [c.sid, c.party].some((v) => v.toLowerCase().includes(filter))).slice(0, 40);
  byId('ended').hidden = !ended.length;
  list(byId('ended-calls'), ended, { key: (c) => c.sid, make: makeEnded });
}
