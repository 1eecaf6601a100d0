// Small comforts on top of pages that work without any of this. No framework, nothing from
// elsewhere, nothing inline: the Content-Security-Policy allows scripts of our own files only.
(function () {
  'use strict';

  // Pricing: both sets of prices are on the page, so choosing the other one needs no request. The
  // link stays a link: without this script it loads the same page with ?interval= set.
  function togglePricing(link) {
    var root = document.querySelector('[data-pricing]');
    if (!root) return false;
    var interval = link.getAttribute('data-interval');
    root.setAttribute('data-pricing', interval);
    root.querySelectorAll('[data-interval]').forEach(function (other) {
      if (other === link) other.setAttribute('aria-current', 'true');
      else other.removeAttribute('aria-current');
    });
    history.replaceState(history.state, '', link.href);
    return true;
  }

  function copy(button) {
    var source = document.getElementById(button.getAttribute('data-copy'));
    if (!source || !navigator.clipboard) return;
    navigator.clipboard.writeText(source.textContent.trim()).then(function () {
      var label = button.querySelector('[data-label]');
      if (!label) return;
      var before = label.textContent;
      label.textContent = button.getAttribute('data-copied') || before;
      setTimeout(function () { label.textContent = before; }, 2000);
    });
  }

  document.addEventListener('click', function (event) {
    if (event.defaultPrevented || event.button || event.metaKey || event.ctrlKey || event.shiftKey) return;
    var link = event.target.closest('a[data-interval]');
    if (link && togglePricing(link)) event.preventDefault();
    var button = event.target.closest('button[data-copy]');
    if (button) copy(button);
    // An open menu closes when the click lands elsewhere.
    document.querySelectorAll('details[data-menu][open]').forEach(function (menu) {
      if (!menu.contains(event.target)) menu.removeAttribute('open');
    });
  });

  document.addEventListener('keydown', function (event) {
    if (event.key !== 'Escape') return;
    document.querySelectorAll('details[data-menu][open]').forEach(function (menu) {
      menu.removeAttribute('open');
      menu.querySelector('summary').focus();
    });
  });

  // A form that is sent twice by an impatient click is answered twice: the second click is ignored
  // until the page changes, or comes back from the history.
  document.addEventListener('submit', function (event) {
    var form = event.target;
    if (event.defaultPrevented || form.method !== 'post') return;
    if (form.hasAttribute('data-sent')) { event.preventDefault(); return; }
    form.setAttribute('data-sent', '');
    if (event.submitter) event.submitter.setAttribute('aria-busy', 'true');
  });
  addEventListener('pageshow', function () {
    document.querySelectorAll('form[data-sent]').forEach(function (form) { form.removeAttribute('data-sent'); });
    document.querySelectorAll('[aria-busy]').forEach(function (el) { el.removeAttribute('aria-busy'); });
  });

  // A selector that filters sends its form by itself; without this, its button does.
  document.addEventListener('change', function (event) {
    var form = event.target.form;
    if (form && form.hasAttribute('data-autosubmit') && event.target.matches('select')) form.requestSubmit();
  });
})();
