// The elements of the page, and making new ones. What came from the network enters the document here and in rows.js, as
// text and never as markup.
'use strict';

const $ = id => document.getElementById(id);
const body = document.body;

function make(name, className, ...content) {
  const element = document.createElement(name);
  if (className) element.className = className;
  element.append(...content.filter(part => part !== null));
  return element;
}

function makeTime(at, withMilliseconds) {
  const date = new Date(at);
  const time = make('time', '', formatTime(date).slice(0, withMilliseconds ? 8 : 5));
  if (withMilliseconds) time.append(make('small', '', '.' + pad(date.getMilliseconds(), 3)));
  time.dateTime = date.toISOString();
  return time;
}

// An unchanged text is not set again: a screen reader might read it again.
function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

function showBadge(badge, count) {
  badge.hidden = count === 0;
  if (count === 0) return setText(badge, '');
  const number = count > 99 ? '99+' : String(count);
  if (badge.firstChild?.data !== number) badge.replaceChildren(number, make('span', 'spoken', ' unread'));
}

function pressOne(selector, isPressed) {
  for (const button of document.querySelectorAll(`button${selector}`)) button.setAttribute('aria-pressed', String(isPressed(button)));
}

// Each name its colour, the same for everybody and every time.
function hueOf(name) {
  let hash = 7;
  for (const character of name) hash = (hash * 31 + character.codePointAt(0)) % 65_521;
  return hash * 137.5 % 360;  // the golden angle: neighbours in number are far from each other in colour
}

function makeAvatar(name, mark) {
  const avatar = make('span', 'avatar', mark ?? Array.from(name)[0].toUpperCase());
  avatar.setAttribute('aria-hidden', 'true');
  if (mark === undefined) avatar.style.setProperty('--hue', hueOf(name));
  else avatar.classList.add('plain');
  return avatar;
}
