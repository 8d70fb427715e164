// What opens above the page closes with Escape, wherever the focus is, and gives the focus back to where it was.

export function popover(node: HTMLElement, close: () => void): { update: (close: () => void) => void; destroy: () => void } {
  const before = document.activeElement;
  let closes = close;
  const onKey = (event: KeyboardEvent): void => {
    if (event.key !== 'Escape') return;
    event.preventDefault();
    event.stopPropagation();
    const inside = node.contains(document.activeElement);
    closes();
    if (inside && before instanceof HTMLElement && before.isConnected) before.focus();
  };
  window.addEventListener('keydown', onKey, true);
  return {
    update: (next) => (closes = next),
    destroy: () => window.removeEventListener('keydown', onKey, true),
  };
}
