// The simulator's page. Start reading here: what comes over the stream, and when it is drawn.
//
//	calls.js     calls as they are, who hears whom     tasks.js     waiting line, agents, tasks
//	events.js    webhooks, requests, debugger, log     story.js     everything about one SID
//	controls.js  what one can change                   faults.js    which requests fail
//	drawer.js    where stories and controls show       words.js     what the simulator's words mean
//	dom.js       elements, lists, times                forms.js     fields

import { byId, h, list, setNow, setText, tick } from './dom.js';
import { showCalls } from './calls.js';
import { showTasks } from './tasks.js';
import { alerts, forget, keep, showEvents, startEvents } from './events.js';
import { openControls, showControls, startControls } from './controls.js';
import { closeDrawer, startDrawer } from './drawer.js';
import { storyGoesOn, storyState } from './story.js';

let state = null;
let changed = { state: false, events: false };
let drawing = false;

/* Drawing: at most once per frame, however much came. */

function draw(what) {
  changed[what] = true;
  if (drawing) return;
  drawing = true;
  requestAnimationFrame(() => {
    drawing = false;
    const todo = changed;
    changed = { state: false, events: false };
    if (todo.events) showEvents();
    if (todo.state && state) {
      showCalls(state, firstSteps);
      showTasks(state);
      showControls(state);
    }
    figures();
  });
}

function figures() {
  if (!state) return;
  const waiting = state.workspaces.reduce((n, w) => n + w.waiting.length, 0);
  const all = [
    { id: 'legs', n: state.calls.length, one: 'live leg', many: 'live legs' },
    { id: 'rooms', n: state.conferences.length, one: 'conference', many: 'conferences' },
    { id: 'waiting', n: waiting, one: 'waiting', many: 'waiting' },
    { id: 'out', n: state.webhooks_out, one: 'webhook unanswered', many: 'webhooks unanswered', quiet: true },
    { id: 'alerts', n: alerts(), one: 'alert', many: 'alerts', bad: true },
  ];
  list(byId('figures'), all.filter((f) => f.n || !f.quiet), {
    key: (f) => f.id,
    make: (f) => h('li', { 'data-id': f.id }, h('b', {}), ' ', h('span', {})),
    update: (row, f) => {
      setText(row.firstChild, String(f.n));
      setText(row.lastChild, f.n === 1 ? f.one : f.many);
      row.toggleAttribute('data-bad', Boolean(f.bad && f.n));
    },
  });
  setText(byId('account'), state.accounts[0].sid + (state.accounts.length > 1 ? ` and ${state.accounts.length - 1} more` : ''));
}

/** firstSteps is what an empty page says. */
function firstSteps() {
  const { sid } = state.accounts[0];
  const command = [
    `curl ${location.origin}/2010-04-01/Accounts/${sid}/Calls.json \\`,
    `  -u ${sid}:$TWILIO_AUTH_TOKEN \\`,
    '  -d To=%2B447700900002 -d From=%2B442079460000 \\',
    "  --data-urlencode 'Twiml=<Response><Say>Hello</Say><Pause length=\"60\"/></Response>'",
  ].join('\n');
  return [
    h('h3', {}, 'Nobody is on the line'),
    h('p', {}, 'Calls and conferences show here as they are, with what every party hears. Point your software at this address instead of api.twilio.com and taskrouter.twilio.com, or make a call by hand:'),
    h('pre', { class: 'mono', tabindex: 0, 'aria-label': 'A command that makes a call' }, command),
  ];
}

/* The stream. The browser comes back by itself after an interruption and says how far it had got. */

let source;
let lastID = '';
let life = '';

function connect() {
  source = new EventSource(lastID ? `stream?after=${encodeURIComponent(lastID)}` : 'stream');
  const on = (name, f) => source.addEventListener(name, (e) => {
    lastID = e.lastEventId;
    f(JSON.parse(e.data), e.lastEventId.split('.').map(Number));
  });
  on('hello', (hello) => {
    connection('live');
    if (!hello.resumed || hello.life !== life) forget();
    life = hello.life;
    draw('events');
  });
  const journal = (name, position) => on(name, (entry, id) => {
    keep(name, entry, id[position] - 1);
    storyGoesOn(entry);
    draw('events');
  });
  journal('log', 1);
  journal('request', 2);
  journal('webhook', 3);
  on('state', (next) => {
    state = next;
    setNow(next.at);
    storyState(next);
    draw('state');
  });
  source.onerror = () => {
    connection('lost');
    if (source.readyState === EventSource.CLOSED) setTimeout(connect, 2000); // given up: something else answered
  };
}

function connection(is) {
  byId('connection').dataset.is = is;
  setText(byId('connection'), { live: 'live', lost: 'connection lost, trying again' }[is]);
}

/* The frame */

function view(name) {
  if (name === 'controls') return openControls();
  closeDrawer();
  document.body.dataset.view = name;
  for (const button of byId('views').children) button.setAttribute('aria-current', String(button.dataset.to === name));
}

startDrawer();
startControls();
startEvents(() => draw('events'));
byId('views').addEventListener('click', (e) => e.target.dataset.to && view(e.target.dataset.to));
byId('calls-filter').addEventListener('input', () => draw('state'));
setInterval(tick, 1000);
connect();
