// What every part of the page needs: elements, lists that change, times, SIDs, requests.

/** h makes an element. Text goes in as text, never as markup: much of it comes from elsewhere. */
export function h(tag, attributes, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes ?? {})) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith('on')) element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? '' : value);
  }
  element.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

export const byId = (id) => document.getElementById(id);

/** Setters that leave alone what is the same, so that nothing flickers and nothing loses the focus. */
export function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}
export function setAttribute(element, name, value) {
  if (value === null || value === false) element.removeAttribute(name);
  else if (element.getAttribute(name) !== String(value)) element.setAttribute(name, value);
}

/**
 * list makes the children of an element stand for items, in order. Elements live as long as their item
 * does. leave, if given, removes an element in its own time.
 */
export function list(parent, items, { key, make, update, leave }) {
  const before = parent.rows ?? new Map();
  const after = new Map();
  const wanted = new Set(items.map(key));
  for (const [k, element] of before) {
    if (wanted.has(k)) continue;
    if (leave) leave(element);
    else element.remove();
  }
  let at = parent.firstElementChild;
  const skipLeaving = () => {
    while (at && at.leaving) at = at.nextElementSibling;
  };
  for (const item of items) {
    const k = key(item);
    const element = before.get(k) ?? make(item);
    after.set(k, element);
    update?.(element, item);
    skipLeaving();
    if (at === element) at = at.nextElementSibling;
    else parent.insertBefore(element, at);
  }
  parent.rows = after;
}

/** The simulator's clock may not be ours. */
let offset = 0;
export function setNow(iso) {
  offset = Date.parse(iso) - Date.now();
}
export const now = () => Date.now() + offset;

/** 7 → "0:07", 3723 → "1:02:03". */
export function span(milliseconds) {
  const s = Math.max(0, Math.floor(milliseconds / 1000));
  const two = (n) => String(n).padStart(2, '0');
  const [hours, minutes, seconds] = [Math.floor(s / 3600), Math.floor(s / 60) % 60, s % 60];
  return hours ? `${hours}:${two(minutes)}:${two(seconds)}` : `${minutes}:${two(seconds)}`;
}

/** since is a time that goes on counting; tick moves all of them. */
export function since(iso) {
  const element = h('time', { class: 'since' });
  setSince(element, iso);
  return element;
}
export function setSince(element, iso) {
  setAttribute(element, 'datetime', iso);
  setText(element, iso ? span(now() - Date.parse(iso)) : '');
}
export function tick() {
  for (const element of document.querySelectorAll('time.since')) setSince(element, element.getAttribute('datetime'));
}

const clockFormat = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit', second: '2-digit' });
export function clock(iso) {
  const date = new Date(iso);
  return `${clockFormat.format(date)}.${String(date.getMilliseconds()).padStart(3, '0')}`;
}

/** CA3f…9b2c: enough to tell two apart. */
export const short = (sid) => (sid?.length === 34 ? `${sid.slice(0, 6)}…${sid.slice(-4)}` : sid ?? '');

/** "2.5 s" from "2.5s", nothing from "0s". */
export const duration = (text) => (text === '0s' ? '' : text.replace(/([a-z]+)/g, ' $1 ').trim());

/** send asks the control side for a change. What goes wrong is shown, and thrown. */
export async function send(method, path, body) {
  const answer = await fetch(path, { method, body: body && JSON.stringify(body), headers: body && { 'Content-Type': 'application/json' } })
    .catch(() => notice('The simulator does not answer.'));
  if (!answer) throw new Error(path);
  if (!answer.ok) {
    const { error } = await answer.json().catch(() => ({ error: answer.statusText }));
    notice(error);
    throw new Error(error);
  }
}

export async function get(path) {
  const answer = await fetch(path);
  if (!answer.ok) throw new Error(await answer.text());
  return answer.json();
}

let clearing;
export function notice(text) {
  const element = byId('notice');
  element.textContent = text;
  element.hidden = false;
  clearTimeout(clearing);
  clearing = setTimeout(() => (element.hidden = true), 8000);
}
