// The controls: how phones and softphones behave, and which requests fail. Each block is by itself; a
// new control is a new block in the list below.

import { byId, duration, h, list, send, setAttribute, setText } from './dom.js';
import { closeDrawer, isOpen, openDrawer } from './drawer.js';
import { faultsBlock } from './faults.js';
import { field, form, values } from './forms.js';

const blocks = [peopleBlock, phonesBlock, softphonesBlock, faultsBlock, resetBlock];
let state = null;
let updates = [];

export function showControls(next) {
  state = next;
  setAttribute(byId('webhooks-on'), 'aria-checked', String(next.webhooks_on));
  if (isOpen('controls')) updates.forEach((update) => update(next));
}

export function openControls() {
  const body = openDrawer('controls', 'Controls');
  const made = blocks.map((block) => block());
  updates = made.map((m) => m.update).filter(Boolean);
  body.append(...made.map((m) => m.element));
  if (state) updates.forEach((update) => update(state));
}

export function startControls() {
  byId('open-controls').addEventListener('click', () => (isOpen('controls') ? closeDrawer() : openControls()));
  byId('webhooks-on').addEventListener('click', (e) => {
    send('POST', 'webhooks', { on: e.currentTarget.getAttribute('aria-checked') !== 'true' });
  });
}

/** What people do of their own accord: dial in, press keys, speak. */
function peopleBlock() {
  const numbers = h('datalist', { id: 'owned-numbers' });
  const parties = h('datalist', { id: 'live-parties' });
  const dial = form((f) => send('POST', 'dialin', values(f)),
    h('div', { class: 'fields' },
      field('From', h('input', { name: 'from', required: true, inputmode: 'tel', placeholder: '+447700900123' })),
      field('To a number of the account', h('input', { name: 'to', required: true, list: 'owned-numbers', autocomplete: 'off' }))),
    h('button', { type: 'submit' }, 'Dial in'));
  const act = form((f) => {
    const { party, digits, text } = values(f);
    if (digits) send('POST', 'press', { party, digits });
    if (text) send('POST', 'say', { party, text });
  },
  h('div', { class: 'fields' },
    field('Party', h('input', { name: 'party', required: true, list: 'live-parties', autocomplete: 'off' })),
    field('presses', h('input', { name: 'digits', pattern: '[0-9*#wW]+', placeholder: '1, or ww42#' })),
    field('says', h('input', { name: 'text', placeholder: 'Hello?' }))),
  h('button', { type: 'submit' }, 'Do it'));
  const option = { key: (v) => v, make: (v) => h('option', { value: v }) };
  return {
    element: h('section', {}, h('h3', {}, 'People'), dial, act, numbers, parties),
    update: (s) => {
      list(numbers, s.numbers.map((n) => n.number), option);
      list(parties, [...new Set(s.calls.map((c) => c.party))].slice(0, 200), option);
    },
  };
}

function resetBlock() {
  const button = h('button', { type: 'button', class: 'plain',
    onclick: () => confirm('Forget all calls, tasks, agents and journals, and begin as at the start?') && send('POST', 'reset') }, 'Reset the simulator');
  return { element: h('section', {}, h('h3', {}, 'Begin again'), button,
    h('p', { class: 'hint' }, 'Everything goes back to the state after the start, and the same requests get the same SIDs again. An application that remembers SIDs must be reset, too.')) };
}

const answers = [['', 'answers'], ['NeverAnswers', 'never answers'], ['Busy', 'is busy'], ['Unreachable', 'is unreachable']];
const answerSelect = (words = {}) => h('select', { name: 'answer' }, answers.map(([value, text]) => h('option', { value }, words[value] ?? text)));
const seconds = (name, placeholder) => h('input', { name, type: 'number', min: 0, step: 0.1, inputmode: 'decimal', placeholder });
const check = (name, text) => h('label', { class: 'check' }, h('input', { type: 'checkbox', name }), ` ${text}`);

function phonesBlock() {
  const rows = h('ul', { class: 'set' });
  const set = form((f) => send('POST', 'phones', values(f, { durations: ['rings', 'talks'], numbers: ['lines'] })).then(() => f.reset()),
    h('div', { class: 'fields' },
      field('Number', h('input', { name: 'number', required: true, inputmode: 'tel', placeholder: '+447700900123', pattern: '\\+[0-9]+' })),
      field('Behaviour', answerSelect()),
      field('Rings for (s)', seconds('rings', '0')),
      field('Talks for (s)', seconds('talks', 'stays')),
      field('Lines', h('input', { name: 'lines', type: 'number', min: 0, placeholder: 'any' }))),
    h('div', { class: 'checks' }, check('hangs_up_at_once', 'hangs up at once'), check('voicemail', 'a machine answers')),
    h('button', { type: 'submit' }, 'Set the phone'));
  return {
    element: h('section', {}, h('h3', {}, 'Phones'), set, rows,
      h('details', {}, h('summary', {}, 'Any other number behaves by its last three digits'),
        h('dl', { class: 'digits' }, digits.flatMap(([d, text]) => [h('dt', { class: 'mono' }, d), h('dd', {}, text)])))),
    update: (s) => list(rows, s.phones, { key: (p) => p.number, make: () => h('li', {}, h('b', { class: 'mono' }), h('span', {})),
      update: (row, p) => { setText(row.firstChild, p.number); setText(row.lastChild, phoneWords(p)); } }),
  };
}

const digits = [['002', 'answers, stays until the other side hangs up'], ['003', 'never answers'], ['004', 'is busy'],
  ['005', 'answers and hangs up at once'], ['006', 'is unreachable'], ['007', 'a machine answers'],
  ['008', 'answers after 25 s, talks 5 s'], ['any other', 'answers after 2 s, talks 10 s, hangs up']];

const answerWord = (answer) => answers.find(([value]) => value === answer)?.[1] ?? 'answers';

function phoneWords(p) {
  const answering = !p.answer || p.answer === 'Answers';
  return [answerWord(p.answer), duration(p.rings) && `after ${duration(p.rings)}`,
    answering && (p.hangs_up_at_once ? 'hangs up at once' : duration(p.talks) ? `talks ${duration(p.talks)}` : 'stays'),
    p.voicemail && 'a machine', (p.document || p.voice_url) && 'a TwiML document', p.lines && `${p.lines} lines`].filter(Boolean).join(', ');
}

function softphonesBlock() {
  const rows = h('ul', { class: 'set' });
  const set = form((f) => send('POST', 'softphones', values(f, { durations: ['rings', 'hangs_up_after', 'drops_after'], numbers: ['declines_offers'] })).then(() => f.reset()),
    h('div', { class: 'fields' },
      field('Identity', h('input', { name: 'identity', required: true, placeholder: 'anna', autocapitalize: 'off' })),
      field('Behaviour', answerSelect({ Busy: 'declines the ring', Unreachable: 'is not registered' })),
      field('Rings for (s)', seconds('rings', '1')),
      field('Hangs up after (s)', seconds('hangs_up_after', 'stays')),
      field('Breaks off after (s)', seconds('drops_after', 'never')),
      field('Declines offers', h('input', { name: 'declines_offers', type: 'number', min: 0, placeholder: '0' }))),
    h('button', { type: 'submit' }, 'Set the softphone'));
  return {
    element: h('section', {}, h('h3', {}, 'Softphones'), set, rows,
      h('p', { class: 'hint' }, 'An identity that is not in the list is not registered: dialling it fails without a ring.')),
    update: (s) => list(rows, s.softphones, { key: (p) => p.account_sid + p.identity, make: () => h('li', {}, h('b', { class: 'mono' }), h('span', {})),
      update: (row, p) => { setText(row.firstChild, p.identity); setText(row.lastChild, softphoneWords(p)); } }),
  };
}

function softphoneWords(p) {
  return [answerWord(p.answer), `after ${duration(p.rings) || '1 s'}`, duration(p.hangs_up_after) && `hangs up ${duration(p.hangs_up_after)} into the conversation`,
    duration(p.drops_after) && `breaks off after ${duration(p.drops_after)}`, p.declines_offers && `declines ${p.declines_offers} more offers`].filter(Boolean).join(', ');
}
