// The story of one call, conference, task or party: everything the journals have about it, in order.

import { clock, get, h, list, short } from './dom.js';
import { openDrawer, isOpen } from './drawer.js';
import { marks, result, subject, tell } from './words.js';

const most = 400; // lines; the latest of a very long story

let about = '';
let showing = { request: true, webhook: true };
let latest = null; // the snapshot, for what the subject is now
let waiting;

const title = (who) => ({ CA: 'Call', CF: 'Conference', WT: 'Task', WR: 'Reservation' }[/^[A-Z]{2}(?=[0-9a-f]{32}$)/.exec(who)?.[0]] ?? 'Everything about');

export function openStory(who) {
  about = who;
  const facts = h('div', { class: 'facts' });
  const lines = h('ol', { class: 'story' });
  const choice = (name, text) => h('label', {},
    h('input', { type: 'checkbox', checked: showing[name], onchange: (e) => { showing[name] = e.target.checked; read(); } }), ` ${text}`);
  const body = openDrawer('story', `${title(who)} ${who.length === 34 ? short(who) : who}`);
  body.replaceChildren(facts, h('div', { class: 'choices' }, h('span', {}, 'Also show'), choice('request', 'requests'), choice('webhook', 'webhooks')), lines);
  Object.assign(body, { facts, lines });
  read();
}

/** storyGoesOn reads again, soon, when something about the subject came. */
export function storyGoesOn(entry) {
  if (isOpen('story') && !waiting && JSON.stringify(entry).includes(about)) waiting = setTimeout(read, 300);
}

export function storyState(state) {
  latest = state;
}

async function read() {
  clearTimeout(waiting);
  waiting = null;
  const who = about;
  const q = encodeURIComponent(who);
  const [log, requests, webhooks] = await Promise.all([
    get(`log?about=${q}`), showing.request ? get(`requests?about=${q}`) : { requests: [] },
    showing.webhook ? get(`webhooks?about=${q}`) : { webhooks: [] },
  ]).catch(() => []);
  const body = isOpen('story');
  if (!log || !body || who !== about) return; // meanwhile something else is shown
  const of = (is, entries) => entries.map((e, n) => ({ is, e, key: `${is} ${n}`, at: Date.parse(e.at) }));
  const lines = [...of('request', requests.requests), ...of('log', log.entries), ...of('webhook', webhooks.webhooks)]
    .sort((a, b) => a.at - b.at).slice(-most);
  facts(body.facts, who, log.entries);
  const start = lines[0]?.at;
  list(body.lines, lines, { key: (l) => `${start} ${l.key}`, make: (l) => storyLine(l, start) });
}

/** What is known of the subject itself. */
function facts(element, who, entries) {
  const call = [...(latest?.calls ?? []), ...(latest?.ended_calls ?? [])].find((c) => c.sid === who);
  const conference = call?.conference_sid ?? (who.startsWith('CF') ? '' : entries.find((e) => e.conference_sid)?.conference_sid);
  const task = latest?.workspaces.flatMap((w) => w.tasks).find((t) => t.sid === who);
  const rows = [['SID', who.length === 34 ? who : ''], ['from', call?.from], ['to', call?.to], ['status', call?.status ?? task?.status],
    ['ended', call?.ended_by ? `by ${call.ended_by}` : ''], ['attributes', task?.attributes], ['reason', task?.reason]];
  if (conference) rows.push(['conference', h('button', { type: 'button', class: 'link', onclick: () => openStory(conference) }, conference)]);
  element.replaceChildren(h('dl', { class: 'pairs mono' }, rows.filter(([, v]) => v).flatMap(([n, v]) => [h('dt', {}, n), h('dd', {}, v)])));
}

function storyLine({ is, at, e }, start) {
  const after = (at - start) / 1000;
  const when = h('time', { datetime: e.at, title: clock(e.at), class: 'mono' }, `+${after.toFixed(after < 100 ? 2 : 0)} s`);
  return h('li', { 'data-is': is, 'data-what': e.what }, when, h('span', { class: 'dot', 'aria-hidden': 'true' }), told[is](e));
}

/** brief leaves out what all routes of a product begin with. */
const brief = (route) => route.replace(/\/2010-04-01\/Accounts\/\{AC\}(?=\/)|\/v1\/Workspaces\/\{WS\}(?=\/)|\.json$/g, '');

const told = {
  log: (e) => h('span', { class: 'line' }, e.party && e.party !== about && h('b', {}, `${e.party} `), tell(e)),
  request: (e) => h('span', { class: 'line' }, h('span', { class: 'mono', title: e.route }, brief(e.route || e.method)), ' ', result(e.status, 'reply lost')),
  webhook: (e) => h('span', { class: 'line' }, `${e.kind} `, h('span', { class: 'mono' }, subject(e)), ' ', result(e.status, 'not answered'), ' ', marks(e)),
};
