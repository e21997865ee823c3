(qa) => {
  const e = document.querySelector(`[data-qa="${CSS.escape(qa)}"]`);
  const shown = e && e.getClientRects().length > 0 && getComputedStyle(e).visibility !== "hidden";
  if (!shown) return {};
  const list = e instanceof HTMLSelectElement;
  const choices = list ? [...e.options].filter((o) => !o.disabled).map((o) => o.text.trim()) : [];
  const value = list ? (e.selectedOptions[0]?.text ?? "").trim() : (e.value ?? "");
  return {
    visible: true,
    text: (e.innerText ?? "").trim().replace(/\s+/g, " "),
    value: String(value),
    choices,
    disabled: e.disabled === true || e.getAttribute("aria-disabled") === "true",
    pressed: e.getAttribute("aria-pressed") === "true",
  };
}
