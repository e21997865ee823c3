(qa, text) => {
  const e = document.querySelector(`[data-qa="${CSS.escape(qa)}"]`);
  const option = [...e.options].find((o) => o.text.trim() === text);
  e.focus();
  e.value = option.value;
  e.dispatchEvent(new Event("input", { bubbles: true }));
  e.dispatchEvent(new Event("change", { bubbles: true }));
  return true;
}
