// The drawer at the side: a story, or the controls. One at a time; Escape closes it.

import { byId, setText } from './dom.js';

let open = '';
let before = null; // what had the focus

/** openDrawer shows the drawer, and returns the element to fill. */
export function openDrawer(what, title) {
  if (!open) before = document.activeElement;
  open = what;
  setText(byId('drawer-title'), title);
  byId('drawer').hidden = false;
  byId('drawer').dataset.is = what;
  byId('open-controls').setAttribute('aria-expanded', String(what === 'controls'));
  byId('drawer-body').replaceChildren();
  byId('drawer-body').scrollTop = 0;
  byId('drawer-title').focus({ preventScroll: true });
  return byId('drawer-body');
}

/** isOpen is the element to fill while the drawer shows that, and null otherwise. */
export const isOpen = (what) => (open === what ? byId('drawer-body') : null);

export function closeDrawer() {
  if (!open) return;
  open = '';
  byId('drawer').hidden = true;
  byId('open-controls').setAttribute('aria-expanded', 'false');
  before?.focus({ preventScroll: true });
}

export function startDrawer() {
  byId('close-drawer').addEventListener('click', closeDrawer);
  document.addEventListener('keydown', (e) => e.key === 'Escape' && closeDrawer());
}
