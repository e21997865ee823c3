// Faults: what goes wrong, and how often. Everything the page knows of them is here; fault.go says what
// the rules mean. The page reads all of them, changes the list, and puts it back.

import { byId, get, h, list, send, setText } from './dom.js';
import { field, form, values } from './forms.js';

/** What can go wrong, by the list of rules it belongs to: the fields that say what a rule is about, and what it does. */
const groups = {
  requests: {
    title: 'a REST request',
    about: () => [field('Route, * at its end for any', h('input', { name: 'route', list: 'fault-routes', placeholder: 'any', autocomplete: 'off' }))],
    does: [
      ['answers 429', { status: 429 }], ['answers 500', { status: 500 }], ['answers 503', { status: 503 }], ['answers 400', { status: 400 }],
      ['answers 503 as a proxy’s page', { status: 503, html: true }], ['reply lost', { lose_reply: true }],
      ['takes effect, but answers 500', { status: 500, after_effect: true }], ['takes effect, but the reply is lost', { lose_reply: true, after_effect: true }],
      ['is delayed', 'delay'],
    ],
  },
  webhooks: {
    title: 'a webhook',
    about: () => [
      field('Kind', h('select', { name: 'kind' }, h('option', { value: '' }, 'any'),
        ['assignment', 'taskrouter.event', 'call.status', 'conference', 'amd', 'twiml', 'recording'].map((k) => h('option', {}, k)))),
      field('Event', h('input', { name: 'event', placeholder: 'any', autocomplete: 'off' }))],
    does: [
      ['is dropped', { drop: true }], ['comes twice', { copies: 1 }], ['is delayed', 'delay'], ['comes after the next', { hold_back: true }],
      ['its answer is ignored', { ignore_answer: true }], ['its connection breaks, and it is retried', { retry: true }],
    ],
  },
  parties: {
    title: 'a phone',
    about: () => [field('Party, * at its end for any', h('input', { name: 'party', placeholder: 'everybody', autocomplete: 'off' }))],
    does: [
      ['never answers', { answer: 'NeverAnswers' }], ['is busy, or declines', { answer: 'Busy' }], ['is unreachable', { answer: 'Unreachable' }],
      ['hangs up after', 'hangs_up_after'],
    ],
  },
};

const text = (value) => (typeof value === 'string' ? value : '');

/** words says what a rule does: in the form's words, if they fit; otherwise as it is written. */
function words(name, rule) {
  const { id, route, match, kind, event, party, probability, times, bitten, ...does } = rule;
  const same = groups[name].does.find(([, d]) => (typeof d === 'string' ? Object.keys(does).join() === d : JSON.stringify(sorted(d)) === JSON.stringify(sorted(does))));
  const what = !same ? JSON.stringify(does) : typeof same[1] === 'string' ? `${same[0]} ${does[same[1]]}` : same[0];
  const about = [route, kind, event, party].filter((t) => t && t !== '*').join(' ') || { requests: 'any request', webhooks: 'any webhook', parties: 'everybody' }[name];
  const odds = [probability < 1 && `${+(probability * 100).toFixed(2)} %`, times && `${times} times at most`, `${bitten ?? 0} so far`];
  return { about: about + (match ? ` ${JSON.stringify(match)}` : ''), what, odds: odds.filter(Boolean).join(', ') };
}
const sorted = (o) => Object.fromEntries(Object.entries(o).sort(([a], [b]) => (a < b ? -1 : 1)));

const usedUp = (rule) => rule.times > 0 && (rule.bitten ?? 0) >= rule.times;

/** change reads the rules, lets f change them, and puts them back. Counting starts anew then, so what is left of a number of times goes along. */
async function change(f) {
  const faults = await get('faults');
  for (const name of Object.keys(groups)) {
    faults[name] = (faults[name] ?? []).filter((r) => !usedUp(r)).map(({ bitten, ...r }) => (r.times ? { ...r, times: r.times - (bitten ?? 0) } : r));
  }
  f(faults);
  await send('PUT', 'faults', faults);
}

export function faultsBlock() {
  const rows = h('ul', { class: 'set' });
  const none = h('p', { class: 'hint' }, 'Nothing is made to fail.');
  const routes = h('datalist', { id: 'fault-routes' });
  const seed = h('input', { type: 'number', min: 0, step: 1 });
  get('routes').then((all) => routes.append(...all.routes.map((route) => h('option', { value: route }))), () => {});
  seed.addEventListener('change', () => change((all) => (all.seed = Number(seed.value))).then(read, read));

  const read = async () => {
    const faults = await get('faults');
    if (document.activeElement !== seed) seed.value = faults.seed;
    const live = Object.keys(groups).flatMap((name) => (faults[name] ?? []).filter((rule) => !usedUp(rule)).map((rule) => ({ name, rule })));
    none.hidden = live.length > 0;
    list(rows, live, { key: ({ rule }) => rule.id, make: row, update: (r, { name, rule }) => setText(r.odds, words(name, rule).odds) });
  };
  const row = ({ name, rule }) => {
    const { about, what } = words(name, rule);
    const odds = h('span', { class: 'odds' });
    const remove = () => send('DELETE', `faults?id=${rule.id}`).then(read, read);
    return Object.assign(h('li', {}, h('b', { class: 'mono' }, about), h('span', {}, what), odds,
      h('button', { type: 'button', class: 'link', 'aria-label': `Remove: ${about} ${what}`, onclick: remove }, 'Remove')), { odds });
  };

  const about = h('div', { class: 'all fields' });
  const does = h('select', { name: 'does' });
  const length = field('by, such as 2s or 500ms..3s', h('input', { name: 'length', placeholder: '2s', pattern: '[0-9.]+(ms|s|m)(\\.\\.[0-9.]+(ms|s|m))?' }));
  const group = h('select', { name: 'group' }, Object.entries(groups).map(([name, { title }]) => h('option', { value: name }, title)));
  const needsLength = () => (length.hidden = typeof groups[group.value].does[does.value]?.[1] !== 'string');
  const choose = () => {
    about.replaceChildren(...groups[group.value].about());
    does.replaceChildren(...groups[group.value].does.map(([title], i) => h('option', { value: i }, title)));
    needsLength();
  };
  group.addEventListener('change', choose);
  does.addEventListener('change', needsLength);
  choose();

  const add = form((f) => {
    const { group: name, does: i, length: by, percent, times, ...is } = values(f, { numbers: ['percent', 'times'] });
    const what = groups[name].does[i][1];
    const rule = { ...is, probability: (percent ?? 100) / 100, times: times ?? 0, ...(typeof what === 'string' ? { [what]: text(by) || '2s' } : what) };
    if (name === 'requests') rule.route ??= '*';
    if (name === 'parties') rule.party ??= '*';
    change((all) => all[name].push(rule)).then(read, read);
  },
  h('div', { class: 'fields' }, field('Make fail', group), field('How', does), about, length,
    field('In % of the cases', h('input', { name: 'percent', type: 'number', min: 0.01, max: 100, step: 'any', placeholder: '100' })),
    field('At most, times', h('input', { name: 'times', type: 'number', min: 1, placeholder: 'no limit' }))),
  h('button', { type: 'submit' }, 'Add the fault'));

  let waiting;
  const update = () => { // often, and the counts are not urgent
    waiting ??= setTimeout(() => { waiting = null; if (byId('fault-routes')) read().catch(() => {}); }, 1000);
  };
  read().catch(() => {});
  return { element: h('section', {}, h('h3', {}, 'Faults'), add, routes, none, rows,
    h('div', { class: 'fields' }, field('Seed of the dice', seed))), update };
}
