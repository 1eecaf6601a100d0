// The pages work without this file; it only polishes them.
"use strict";

// Group the digits of a card number, and put the stroke into an expiry date.
document.querySelectorAll("input[name=card_number]").forEach(function (input) {
  input.addEventListener("input", function () {
    if (input.selectionStart !== input.value.length) return;
    var digits = input.value.replace(/\D/g, "").slice(0, 19);
    var amex = /^3[47]/.test(digits);
    var parts = amex ? digits.match(/^(\d{1,4})(\d{1,6})?(\d{1,9})?$/) : null;
    input.value = amex && parts ? parts.slice(1).filter(Boolean).join(" ") : digits.replace(/(\d{4})(?=\d)/g, "$1 ");
  });
});
document.querySelectorAll("input[name=card_exp]").forEach(function (input) {
  input.addEventListener("input", function (event) {
    if (event.inputType && event.inputType.indexOf("delete") === 0) return;
    var digits = input.value.replace(/\D/g, "").slice(0, 4);
    if (digits.length === 1 && digits > "1") digits = "0" + digits;
    input.value = digits.length >= 2 ? digits.slice(0, 2) + " / " + digits.slice(2) : digits;
  });
});

// Applying a code reloads the page: carry over what was typed beside it.
document.querySelectorAll("form[data-carry]").forEach(function (form) {
  form.addEventListener("submit", function () {
    var from = document.getElementById(form.dataset.carry);
    if (!from) return;
    ["email", "name", "country", "postal_code"].forEach(function (name) {
      var field = from.elements.namedItem(name);
      if (!field || !field.value) return;
      var copy = document.createElement("input");
      copy.type = "hidden";
      copy.name = name;
      copy.value = field.value;
      form.appendChild(copy);
    });
  });
});

// Say that a payment is on its way, and do not send it twice.
document.querySelectorAll("form[data-once]").forEach(function (form) {
  var sent = false;
  window.addEventListener("pageshow", function () {
    sent = false;
    form.querySelectorAll("[aria-disabled]").forEach(function (b) { b.removeAttribute("aria-disabled"); });
  });
  form.addEventListener("submit", function (event) {
    if (sent) {
      event.preventDefault();
      return;
    }
    sent = true;
    var button = event.submitter;
    if (!button) return;
    button.setAttribute("aria-disabled", "true");
    if (button.dataset.busy) button.firstChild.textContent = button.dataset.busy;
  });
});

document.querySelectorAll("[data-print]").forEach(function (button) {
  button.hidden = false;
  button.addEventListener("click", function () { window.print(); });
});
