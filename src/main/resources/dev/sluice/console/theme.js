// Light or dark as was chosen here last, before anything is painted; without a choice as the system has it.

(() => {
  const root = document.documentElement;
  const apply = (theme) =>
    theme === "light" || theme === "dark" ? (root.dataset.theme = theme) : delete root.dataset.theme;
  let chosen = "system";
  try {
    chosen = localStorage.getItem("sluice.theme") ?? chosen;
  } catch {
    // A browser that keeps nothing shows the system's.
  }
  apply(chosen);
  addEventListener("DOMContentLoaded", () => {
    const choice = document.getElementById("theme");
    choice.value = root.dataset.theme ?? "system";
    choice.addEventListener("change", () => {
      apply(choice.value);
      try {
        localStorage.setItem("sluice.theme", choice.value);
      } catch {
        // As above.
      }
    });
  });
})();
