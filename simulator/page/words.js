// What the simulator's words mean to a reader, for every list that tells what happened.

import { h } from './dom.js';

/** heard puts into words what a leg hears. */
export function heard(text) {
  if (!text || text === 'silence' || text === 'ringing' || text === 'the conversation') return { text: text ?? '' };
  if (!text.startsWith('play ')) return { text: `“${text}”`, said: true };
  const url = text.slice(5);
  if (url.includes('holdmusic')) return { text: 'hold music', url };
  return { text: url.split(/[?#]/)[0].split('/').pop() || url, url };
}

/** result colours an HTTP status by what it means to the reader. */
export function result(status, nothing) {
  const is = !status ? 'bad' : status >= 500 ? 'bad' : status >= 400 ? 'poor' : 'good';
  return h('span', { class: `result mono ${is}` }, status ? String(status) : nothing);
}

/** subject is what a webhook reports, in Twilio's word. */
export function subject(w) {
  const of = (name) => w.form?.[name]?.[0];
  return { 'call.status': of('CallStatus'), conference: of('StatusCallbackEvent'), 'taskrouter.event': of('EventType'),
    assignment: of('TaskQueueName'), amd: of('AnsweredBy') }[w.kind] ?? w.url.replace(/^https?:\/\/[^/]*|[?#].*$/g, '');
}

export function marks(w) {
  const all = w.fault ? [w.fault] : [];
  if (w.attempts.length > 1) all.push(`${w.attempts.length} attempts`);
  return all.map((text) => h('span', { class: 'mark' }, text));
}

export const outcome = (w) => (w.attempts.length ? 'no answer' : 'not sent');

/** tell says what an entry of the log means. */
export function tell(e) {
  const words = {
    Dialled: 'is dialled', Dials: `dials ${e.detail}`, Rings: 'rings', StopsRinging: `stops ringing: ${e.detail}`, Answers: 'answers', Joins: 'joins the conference',
    Says: `says ${heard(e.detail).text}`, Presses: `presses ${e.detail}`, Misbehaves: `misbehaves: ${e.detail}`,
    Leaves: `leaves: ${e.detail ?? ''}`, HangsUp: 'hangs up', Offered: 'is offered a task', OfferEnded: `offer ended: ${e.detail}`,
    StatusChanged: `becomes ${e.detail}`, TaskChanged: `task is ${e.detail}`, RoomOpened: `conference opened: ${e.detail}`,
    RoomStarted: 'conversation starts', RoomEnded: `conference ended: ${e.detail}`, Alerted: `alert ${e.detail}`,
    Ended: `call ended: ${e.detail}${e.by ? `, by ${e.by}` : ''}`,
  };
  if (e.what === 'Hears') return `hears ${heard(e.detail).text}`;
  return words[e.what] ?? `${e.what} ${e.detail ?? ''}`;
}
