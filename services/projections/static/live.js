/* Live pages: when the server says that something changed, the page asks for itself again and swaps its
   live part. Without this file every page works the same, only not by itself. */
(function () {
  "use strict";
  var QUIET_KEY = "perseverance-suspendu";
  var region = function () { return document.getElementById("vivant"); };
  /* After a form was refused the browser is at the address of the act: the page of one thing says its own. */
  var here = function () { return region().dataset.page || location.pathname + location.search; };
  var announce = function (text) {
    var place = document.getElementById("annonce");
    if (place) { place.textContent = text; }
  };
  var clock = function () {
    var now = new Date();
    return now.getHours() + "\u00a0h\u00a0" + String(now.getMinutes()).padStart(2, "0");
  };
  var quiet = function () {
    try { return window.localStorage.getItem(QUIET_KEY) === "oui"; } catch (_) { return false; }
  };

  /* After an act the address says what was done: once read, a reload must not say it again. */
  if (new URLSearchParams(location.search).has("fait")) {
    history.replaceState(null, "", location.pathname);
  }
  var done = document.getElementById("fait"), wrong = document.getElementById("erreurs");
  if (done) { done.focus(); }
  if (wrong) {
    wrong.focus();
    /* What was typed and refused is there to be mended. */
    document.querySelectorAll("[data-acts]").forEach(function (acts) { acts.dataset.touched = "oui"; });
  }

  if (!region() || !window.EventSource || !window.htmx) { return; }

  var busy = false, again = false, swapped = false, late = "", before = "";

  /* The page no longer follows: said at the top, where it stays in sight. What is on the page stays too, and what was
     typed. The link leads to this page: the server has whoever is not signed in do that first, then come back. */
  function stop(text, what) {
    if (document.getElementById("arret")) { return; }
    var notice = document.createElement("p"), link = document.createElement("a");
    notice.id = "arret"; notice.className = "errors stays";
    link.href = here(); link.textContent = what;
    notice.append(text + " ", link);
    document.querySelector("main").prepend(notice);
    announce(text);
  }

  /* Nothing more can be done, and somebody is filling in a form, which is kept: said now, not at the refusal. */
  function overtaken(page) {
    var over = new DOMParser().parseFromString(page, "text/html").querySelector("#agir[data-over]"), text = "";
    document.querySelectorAll("[data-acts][data-touched]").forEach(function (acts) {
      if (!over || !acts.querySelector("form") || acts.querySelector(".too-late")) { return; }
      var notice = document.createElement("p");
      text = over.dataset.over + "\u00a0: ce que vous saisissez ne pourra plus être enregistré.";
      notice.className = "caution too-late"; notice.textContent = text;
      acts.querySelector("h2").after(notice);
    });
    return text;
  }

  /* For what the page asks by itself and for the filters alike. */
  document.body.addEventListener("htmx:beforeSwap", function (event) {
    var answer = event.detail, xhr = answer.xhr;
    if (xhr.status === 401 || new URL(xhr.responseURL, location.href).pathname === "/connexion") {
      answer.shouldSwap = false;
      stop("Votre session a expiré. Reconnectez-vous pour continuer.", "Se reconnecter");
    } else if (xhr.status < 500 && !/ id="vivant"/.test(xhr.responseText)) {
      answer.shouldSwap = false;
      stop("Cette page ne peut plus se mettre à jour.", "La recharger");
    } else if (answer.shouldSwap && document.getElementById("arret")) {
      document.getElementById("arret").remove();  /* signed in again, in another tab */
    }
    swapped = answer.shouldSwap;
    late = swapped ? overtaken(xhr.responseText) : "";
  });

  /* What somebody unfolded, or folded, stays so in the next version of the page. */
  var folds = {};
  /* (A click is what the keyboard does too. Not "toggle": the server unfolds as well, and may fold again.) */
  document.addEventListener("click", function (event) {
    var summary = event.target.closest("summary[id]");
    if (summary) { folds[summary.id] = !summary.parentNode.open; }
  });
  document.body.addEventListener("htmx:afterSwap", function () {
    Object.keys(folds).forEach(function (id) {
      var summary = document.getElementById(id);
      if (summary) { summary.parentNode.open = folds[id]; }
    });
  });

  /* Where the focus goes when what had it is no more: the title of the part it was in, not the top of the page. (What
     has an id and is still there, htmx finds again.) */
  function nearby(element) {
    var part = element.closest("[aria-labelledby]");
    return part && part.closest("main") ? part.getAttribute("aria-labelledby") : "resultat";
  }

  function refresh() {
    if (quiet() || document.hidden) { again = true; return; }
    if (busy) { again = true; return; }
    var within = region().contains(document.activeElement) && document.activeElement.matches("input, select, textarea");
    if (within) { again = true; return; }
    busy = true; again = false;
    before = document.querySelector("main").textContent;
    var focused = document.activeElement, title = nearby(focused);
    /* What lies beside the live part, and the forms unless somebody began to fill one in or has one open. */
    var extra = [region().dataset.also, "#fraicheur"];
    document.querySelectorAll("[data-acts]").forEach(function (acts) {
      if (!acts.dataset.touched) { extra.push("#" + acts.id); }
    });
    htmx.ajax("GET", here(), {
      target: "#vivant", select: "#vivant", swap: "outerHTML", selectOOB: extra.filter(Boolean).join(",")
    }).then(function () {
      busy = false;
      var place = document.getElementById(title) || document.querySelector("main h1");
      if (!focused.isConnected && document.activeElement === document.body && place) {
        place.tabIndex = -1;
        place.focus({preventScroll: true});
      }
      if (swapped && document.querySelector("main").textContent !== before) { announce(late || "Page mise à jour à " + clock() + "."); }
      if (again) { window.setTimeout(refresh, 1000); }
    }, function () { busy = false; });
  }

  function touched(event) {
    var acts = event.target.closest("[data-acts]");
    if (acts) { acts.dataset.touched = "oui"; }
  }
  document.addEventListener("input", touched);
  /* A date says nothing before it is whole. */
  document.addEventListener("keydown", function (event) {
    if (event.key.length === 1 && event.target.matches("input, select")) { touched(event); }
  });
  document.addEventListener("click", function (event) { if (event.target.closest("summary")) { touched(event); } });

  /* A filter answered in place: say how many there are. */
  document.body.addEventListener("htmx:afterSettle", function (event) {
    if (event.detail.requestConfig && event.detail.requestConfig.elt.matches("form.filters")) {
      var result = document.querySelector("#resultat strong");
      if (result) { announce(result.textContent); }
    }
  });

  /* A list of so many schools would move all the time, and each time be put together anew. */
  if ("still" in region().dataset) { return; }

  var source = new EventSource("/flux");
  var opened = false;
  source.addEventListener("change", refresh);
  source.addEventListener("ouvert", function () {
    if (opened) { refresh(); }  /* reconnected: something may have been missed */
    opened = true;
  });
  document.addEventListener("visibilitychange", function () { if (again) { refresh(); } });
  /* Refused for good, not only cut off: ask for the page, whose answer tells why. */
  source.addEventListener("error", function () { if (source.readyState === EventSource.CLOSED) { refresh(); } });
  window.addEventListener("pagehide", function () { source.close(); });

  /* Whoever reads slowly, or listens, can stop the page from moving under them. */
  var foot = document.querySelector(".foot-inside ul");
  if (foot) {
    var item = document.createElement("li"), button = document.createElement("button");
    button.type = "button"; button.className = "plain";
    var say = function () {
      button.textContent = quiet() ? "Reprendre la mise à jour en direct" : "Suspendre la mise à jour en direct";
    };
    button.addEventListener("click", function () {
      try { window.localStorage.setItem(QUIET_KEY, quiet() ? "non" : "oui"); } catch (_) { return; }
      say();
      if (!quiet()) { refresh(); }
    });
    /* Chosen in another tab: it holds here too, and the button must not do the contrary of what it says. */
    window.addEventListener("storage", function (event) {
      if (event.key !== QUIET_KEY) { return; }
      say();
      if (!quiet() && again) { refresh(); }
    });
    say(); item.appendChild(button); foot.appendChild(item);
  }
})();
