/* The form that opens a parcours: the last day follows the type and the first day until somebody sets it.
   Without this file the form holds a usual last day, and says how far the others go. */
(function () {
  "use strict";
  var form = document.getElementById("ouvrir"), end = document.getElementById("ouverture-fin");
  var start = document.getElementById("ouverture-debut");
  if (!form || !end || !start || document.getElementById("erreurs")) { return; }
  var chosen = false;
  end.addEventListener("input", function () { chosen = true; });

  /* The last day of so many months, that day included: the same day of the month, less one. */
  function lastDay(first, months) {
    var parts = first.split("-").map(Number);
    var month = parts[1] - 1 + months, longest = new Date(Date.UTC(parts[0], month + 1, 0)).getUTCDate();
    var day = parts[2] <= longest ? parts[2] - 1 : longest;
    return new Date(Date.UTC(parts[0], month, day)).toISOString().slice(0, 10);
  }

  form.addEventListener("input", function (event) {
    var type = form.querySelector("input[name=type]:checked");
    if (chosen || !type || !/^\d{4}-\d{2}-\d{2}$/.test(start.value)) { return; }
    if (event.target === start || event.target.name === "type") {
      end.value = lastDay(start.value, Number(type.dataset.months));
    }
  });
})();
