// The ballot in the browser: ranking by tapping, dragging, numbers or keys, and casting it once.
//
// Everything works without this script, by posted forms. With it nothing of the vote leaves the device before it is
// cast, and no page of the vote gets into the history: parts of one page take turns under one address.
// Until the ballot is acknowledged it is kept in this tab's sessionStorage; afterwards nowhere.

const root = document.documentElement
const $ = (query, of = document) => of.querySelector(query)
const $$ = (query, of = document) => [...of.querySelectorAll(query)]
const election = location.pathname.split('/')[2]
const KEY = `ballot:${election}`
const RETRY_S = 5
const ANSWER_WITHIN_MS = 20_000
const IDLE_MS = 120_000
const SHAKE_MS = 500 // a second tap on the same candidate within this time is a trembling hand, not a change of mind

let data = { words: {}, contests: [] }
let ballot = null // { id, code, typed: [{candidate: text}], sent }
let address = location.pathname + location.search // where the page's form is posted to

// Words

const mark = (element, name, value) => value ? element.setAttribute(name, value) : element.removeAttribute(name)
const escaped = text => String(text).replace(/[&<>"]/g, c => `&#${c.charCodeAt(0)};`)
const listed = (parts, type = 'conjunction') => {
  try { return new Intl.ListFormat(data.language, { type }).format(parts) } catch { return parts.join(', ') }
}
const fill = (key, values) => data.words[key].replace(/%\((\w+)\)s/g, (_, name) => values[name])
const said = (key, values = {}) => fill(key, values)
const sentence = ([key, values]) => fill(key, Object.fromEntries(Object.entries(values).map(([name, value]) => [name,
  listed([].concat(value).map(part => typeof part === 'number' ? String(part) : `<bdi>${escaped(part)}</bdi>`),
    typeof value[0] === 'number' ? 'disjunction' : 'conjunction')])))
const announce = text => { const at = $('#said'); if (at) at.textContent = text }

// Where the vote goes: the same as follow.py, which a test holds it to.

const STEPS = 4
const SHARING = ['stv-wigm', 'scottish-stv', 'ers97', 'northern-ireland-stv', 'meek', 'new-zealand-stv']

export function follow(contest, ranks) {
  if (contest.budget) return share(contest, ranks)
  const { names, out } = contest
  const { notes, going } = read(contest, ranks)
  const marked = ranks.flat()
  if (!marked.length) return { line: [['nobody', {}]], notes: [] }
  for (const c of marked) if (out.includes(c)) notes.push(['withdrawn', { name: names[c] }])
  const possible = Math.min(names.length - out.length, contest.method === 'plurality' ? 1 : contest.most ?? names.length)
  const ranked = marked.filter(c => !out.includes(c)).length
  if (ranked < possible) notes.push(['few', { ranked, all: possible }])
  return { line: going.length ? whereTo(contest, going, places => places.map(c => names[c])) : [['nothing', {}]], notes }
}

// Which projects the elector's share of a budget can pay for.
function share(contest, ranks) {
  const { names, out } = contest, marked = ranks.flat(), ranked = contest.budget === 'ranked'
  const { notes, going } = ranked ? read(contest, ranks) : { notes: [], going: [...new Set(marked)].sort((a, b) => a - b).map(c => [c]) }
  for (const c of marked) if (out.includes(c)) notes.push(['withdrawn-project', { name: names[c] }])
  const left = [...new Set(going.flat())].filter(c => !out.includes(c))
  if (!left.length) return { line: [[marked.length ? 'share-nothing' : 'share-nobody', {}]], notes }
  return { line: [[ranked ? 'share-ranked' : 'share-approved', { names: left.map(c => names[c]) }]], notes }
}

// The choices of a ranking, and notes on ranks that are empty, shared or too many.
function read(contest, ranks) {
  const { names, out } = contest
  const counted = contest.most === null ? ranks : ranks.slice(0, contest.most)
  const notes = [], going = []
  const named = places => places.map(c => names[c])
  let empty = []
  for (const [i, rank] of counted.entries()) {
    if (!rank.length) { empty.push(i + 1); continue }
    if (empty.length) {
      const ends = contest.skips !== null && empty.length > contest.skips
      notes.push([ends ? 'skipped-ends' : 'skipped', { ranks: empty, rank: i + 1 }])
      empty = []
      if (ends) break
    }
    if (rank.length > 1) {
      notes.push([`equal-${contest.overvote}`, { names: named(rank), rank: i + 1 }])
      if (contest.overvote === 'exhaust') break
      if (contest.overvote === 'skip') continue
    }
    const left = rank.filter(c => !out.includes(c))
    if (left.length) going.push(left)
  }
  if (contest.most !== null && ranks.slice(contest.most).some(rank => rank.length)) notes.push([contest.most > 1 ? 'beyond' : 'beyond-one', { most: contest.most }])
  return { notes, going }
}

function whereTo({ method, seats, names, out }, going, named) {
  const line = [], name = going.map(choice => names[choice[0]])
  if (method === 'sequential-irv' && seats > 1) line.push(['each-seat', {}])
  line.push(going[0].length === 1 ? ['first', { name: name[0] }] : ['first-several', { names: named(going[0]) }])
  if (method === 'plurality') return [...line, ['plurality', {}]]
  if (method === 'supplementary') {
    return [...line, [going.length > 1 ? 'supplementary' : 'supplementary-end', { name: name[0] }]]
  }
  const kind = SHARING.includes(method) && seats > 1 ? 'share-' : ''
  for (let i = 1; i < Math.min(going.length, STEPS); i++) {
    if (going[i].length > 1) line.push(['after-several', { names: named(going[i]) }])
    else if (going[i - 1].length > 1) line.push(['after', { name: name[i] }])
    else line.push([`${kind}then${i > 1 ? '-too' : ''}`, { out: name[i - 1], name: name[i] }])
  }
  const last = going[going.length - 1]
  if (going.length > STEPS) line.push(['and-so-on', { name: names[last[last.length - 1]] }])
  if (new Set(going.flat()).size < names.length - out.length && last.length === 1) {
    line.push([`${kind}end${going.length > 1 ? '-too' : ''}`, { out: names[last[0]] }])
  }
  return line
}

// What is kept until the ballot is in

const kept = {
  read() { try { return JSON.parse(sessionStorage.getItem(KEY)) } catch { return null } },
  write() {
    // A screen that many people use keeps a ballot only while its delivery is uncertain.
    if (!ballot || (root.hasAttribute('data-kiosk') && !ballot.sent)) return
    try { sessionStorage.setItem(KEY, JSON.stringify(ballot)) } catch { /* no storage: a reload loses the marks */ }
  },
  clear() { ballot = null; try { sessionStorage.removeItem(KEY) } catch { /* nothing was kept */ } },
}
const newId = () => [...crypto.getRandomValues(new Uint8Array(16))].map(b => b.toString(16).padStart(2, '0')).join('')
const windows = 'BroadcastChannel' in globalThis ? new BroadcastChannel('ballot') : null

// Pages

async function post(fields, to = address) {
  const bound = new AbortController(), timer = setTimeout(() => bound.abort(), ANSWER_WITHIN_MS)
  try {
    const answer = await fetch(to, { method: 'POST', body: new URLSearchParams(fields), cache: 'no-store',
      credentials: 'omit', redirect: 'error', signal: bound.signal })
    return { status: answer.status, wait: Number(answer.headers.get('Retry-After')) || RETRY_S, html: await answer.text() }
  } finally { clearTimeout(timer) }
}

const pathOf = found => { const { pathname, search } = new URL(found, location); return pathname + search }
const look = async () => (await fetch(location.pathname + location.search, { cache: 'no-store', credentials: 'omit' })).text()

function show(html) {
  const page = new DOMParser().parseFromString(html, 'text/html')
  for (const name of ['lang', 'dir', 'class']) root.setAttribute(name, page.documentElement.getAttribute(name) ?? '')
  document.title = page.title
  for (const part of ['header', 'main', 'footer']) $(part).replaceWith($(part, page))
  ready()
  focusOn($('#code[aria-invalid]') ?? $('main h1'))
}

function focusOn(place) {
  place?.focus({ preventScroll: true })
  if (place?.matches('h1')) scrollTo(0, 0)
  else place?.scrollIntoView({ block: 'nearest' })
}

// Hide all parts of the page but one.
function only(part) {
  for (const other of [$('#arrive'), $('form#ballot'), $('#review'), $('#sending'), $('#elsewhere')]) if (other) other.hidden = other !== part
}

function ready() {
  const page = $('main').dataset.page
  const found = $('#data')
  if (found) data = JSON.parse(found.textContent)
  const form = $('main form[action^="/vote/"]')
  if (form?.hasAttribute('action')) address = pathOf(form.action)
  for (const item of $$('[data-script], [data-plain]')) item.hidden = 'plain' in item.dataset
  for (const time of $$('.when time')) until(time)
  ;({ start, ballot: rankPage, practice: rankPage, receipt, busy, configured: wait, paused: wait })[page]?.()
}

// How long it is to a time, beside it: "in 3 hours", as the server says it. What the browser cannot say in this
// language is taken away before it is wrong.
function until(time) {
  const minutes = Math.round((new Date(time.dateTime) - Date.now()) / 60_000), known = globalThis.Intl?.RelativeTimeFormat
  const beside = $('b', time.parentElement)
  if (!known?.supportedLocalesOf(root.lang).length) { setTimeout(() => beside?.remove(), 45_000); return }
  if (minutes <= 0) { beside?.remove(); return }
  const [size, unit] = minutes < 90 ? [1, 'minute'] : minutes < 2880 ? [60, 'hour'] : [1440, 'day']
  const said = new known(root.lang).format(Math.round(minutes / size), unit)
  ;(beside ?? time.parentElement.appendChild(document.createElement('b'))).textContent = ` (${said})`
  setTimeout(() => { if (time.isConnected) until(time) }, 30_000)
}

// The start: the code may come in the link's fragment, which no server sees and which is taken out of the address at once.

function start() {
  const field = $('#code')
  const code = new URLSearchParams(location.hash.slice(1)).get('code')
  if (location.hash) history.replaceState(history.state, '', location.pathname + location.search)
  if (code) { field.value = code; $('#code-came').hidden = false }
  const left = kept.read()
  if (left && code && left.code !== code && !left.sent) kept.clear()
  else if (left?.sent) { ballot = left; cast() }
  else if (left) {
    $('#unfinished').hidden = false
    const [entry] = performance.getEntriesByType('navigation')
    if (entry && entry.type !== 'navigate' && history.state) resume(left)
  }
  $('#code-form').addEventListener('submit', event => { event.preventDefault(); kept.clear(); begin(field.value) })
  field.addEventListener('keydown', event => { if (event.key === 'Enter') { event.preventDefault(); field.form.requestSubmit() } })
  $('[data-do=resume]').addEventListener('click', () => resume(kept.read()))
  $('[data-do=discard]').addEventListener('click', () => { kept.clear(); $('#unfinished').hidden = true; field.focus() })
  for (const link of $$('header nav a')) link.addEventListener('click', () => {
    if (field.value) link.hash = new URLSearchParams({ code: field.value })
  })
}

// Ask for the ballot; `left` is one that was begun before.
async function begin(code, left = null, to = address) {
  const offline = $('#code-offline')
  if (offline) offline.hidden = true
  let html
  try { ({ html } = await post({ step: 'start', code }, to)) } catch { if (offline) offline.hidden = false; return }
  ballot = left
  show(html)
  if ($('main').dataset.page === 'ballot') history[history.state ? 'replaceState' : 'pushState']({ at: 0 }, '', to)
}

const resume = left => begin(left.code, left)

// Waiting for the election to open: look again now and then; the page changes only if there is something new.

function wait() {
  const was = $('main').dataset.page, line = $('[data-wait]')
  line.hidden = false
  async function lookAgain() {
    try {
      const html = await look()
      if (!line.isConnected) return
      const now = new DOMParser().parseFromString(html, 'text/html')
      if ($('main', now).dataset.page !== was) return show(html)
      const fresh = $$('.when', now)
      $$('.when').forEach((at, i) => { if (fresh[i]) at.replaceWith(fresh[i]) })
      for (const time of $$('.when time')) until(time)
    } catch { /* no connection: the next look may succeed */ }
    if (!line.isConnected) clearInterval(timer)
  }
  const timer = setInterval(lookAgain, 15_000)
  $('main form')?.addEventListener('submit', event => {
    event.preventDefault()
    const by = event.submitter
    if (by?.hasAttribute('formaction')) location.assign(by.formAction) // another language or size; what is ranked is kept
    else lookAgain()
  })
}

function busy() {
  const form = $('main form[action^="/vote/"]')
  form?.addEventListener('submit', event => {
    event.preventDefault()
    begin(form.elements.code.value, kept.read(), pathOf(event.submitter?.hasAttribute('formaction') ? event.submitter.formAction : address))
  })
}

// Ranking

// A number in the digits of any script: each script's ten stand together, zero first.
const isDigit = code => /^\p{Nd}$/u.test(String.fromCodePoint(code))
function digit(character) {
  const code = character.codePointAt(0)
  let zero = code
  while (code - zero < 9 && isDigit(zero - 1)) zero--
  return code - zero
}
const numberOf = text => /^\p{Nd}{1,4}$/u.test(text) ? Number([...text].map(digit).join('')) : 0
const isRank = (text, contest) => numberOf(text) >= 1 && numberOf(text) <= contest.names.length
const ranksOf = typed => {
  const ranks = []
  for (const [candidate, text] of Object.entries(typed)) (ranks[numberOf(text) - 1] ??= []).push(Number(candidate))
  return Array.from(ranks, rank => rank ?? [])
}

function rankPage() {
  const form = $('form#ballot'), practice = $('main').dataset.page === 'practice'
  const contests = $$('.contest').map((section, place) => (data.contests[place].budget === 'approvals' ? tickPart : contestPart)(section, data.contests[place], place, changed))
  if (!practice) {
    const code = form.elements.code.value, left = ballot ?? kept.read()
    ballot = left?.code === code ? left : { id: newId(), code, typed: contests.map(of => of.typed()), sent: false }
    const { typed } = ballot
    contests.forEach((of, place) => of.set(typed[place]))
  }
  function changed() {
    if (!ballot || practice) return
    ballot.typed = contests.map(of => of.typed())
    kept.write()
  }
  changed()

  let at = 0, together = contests.length === 1
  const bar = $('.bar', form), button = name => $(`.bar [data-do=${name}], .head [data-do=${name}]`, form), review = $('[value=review]', bar)
  review.hidden = false

  function step(to, push = true) {
    if (push) history.pushState({ at: to }, '')
    at = to
    announce('')
    if (to === 'review') { only($('#review')); drawReview(); focusOn($('#review h1')); return }
    only(form)
    contests.forEach((of, place) => { of.section.hidden = !together && place !== at })
    button('back').hidden = together || at === 0
    button('next').hidden = together || at === contests.length - 1
    review.hidden = !together && at < contests.length - 1
    button('together').hidden = contests.length === 1
    for (const part of $$('.one', form)) part.hidden = together
    for (const part of $$('.all', form)) part.hidden = !together
    focusOn(together || at === 0 ? $('h1', form) : $('h2', contests[at].section))
  }
  globalThis.onpopstate = async ({ state }) => {
    if (!form.isConnected || casting || location.hash) return
    if (state) return step(state.at, false)
    try { show(await look()) } catch { history.forward() } // back to the start; what is marked is offered there again
  }

  function toReview() {
    const wrong = contests.findIndex(of => of.wrong())
    if (wrong < 0) return step('review')
    step(together ? 0 : wrong)
    $('[aria-invalid=true]', contests[wrong].section)?.focus()
  }
  form.addEventListener('submit', event => {
    event.preventDefault()
    const by = event.submitter
    if (by?.value === 'mark') begin(ballot.code, ballot, pathOf(by.formAction))
    else if (!practice) toReview()
  })
  if (practice) review.addEventListener('click', toReview)
  button('back').addEventListener('click', () => history.back())
  button('next').addEventListener('click', () => step(at + 1))
  button('together').addEventListener('click', () => { together = !together; step(0) })
  $('#review [data-do=back]').addEventListener('click', () => history.back())
  $('#review [data-do=cast]')?.addEventListener('click', cast)

  function drawReview() {
    $('.reviewed').replaceChildren(...contests.map((of, place) => {
      const part = $('#t-contest').content.cloneNode(true)
      for (const at of [$('h2 bdi', part), $('[data-do=change] bdi', part)]) at.textContent = $('h2', of.section).textContent
      of.draw($('.order', part), $('.line', part), $('.notes', part), false)
      $('[data-do=change]', part).addEventListener('click', () => step(together ? 0 : place))
      return part
    }))
  }
  if (practice) history.replaceState({ at: 0 }, '')
  if (ballot?.sent && !practice) cast()
  else step(0, false)
}

const sentences = (line, notes, followed) => {
  line.innerHTML = followed.line.map(sentence).join(' ')
  notes.innerHTML = followed.notes.map(note => `<li class="${note[0]}">${sentence(note)}</li>`).join('')
}

// One contest whose projects are ticked.

function tickPart(section, contest, place, changed) {
  const rows = $$('.row', section).sort((a, b) => a.dataset.candidate - b.dataset.candidate)
  const inputs = rows.map(row => $('input', row)), side = $('.side', section)
  const typed = () => Object.fromEntries(inputs.map((input, c) => [c, input.checked ? '1' : '']).filter(([, text]) => text))
  const show = (line, notes) => sentences(line, notes, follow(contest, ranksOf(typed())))
  const update = () => show($('.line', side), $('.notes', side))
  for (const input of inputs) input.addEventListener('change', () => { update(); changed() })
  side.hidden = false
  update()
  return { section, typed, wrong: () => false, set(values) { inputs.forEach((input, c) => { input.checked = c in values }); update() },
    draw(list, line, notes) {
      list.replaceChildren(...Object.keys(typed()).map(c => {
        const item = document.createElement('li'), name = document.createElement('span')
        name.className = 'names'
        name.append(...$('label', rows[c]).cloneNode(true).childNodes)
        item.append(name)
        return item
      }))
      show(line, notes)
    } }
}

// One contest: the numbers in its fields are what counts; tapping, dragging and moving write them.

function contestPart(section, contest, place, changed) {
  const rows = $$('.row', section).sort((a, b) => a.dataset.candidate - b.dataset.candidate) // they may stand in another order
  const inputs = rows.map(row => $('input', row))
  const undo = [], side = $('.side', section)
  let tapping = !inputs.some(input => input.getAttribute('aria-invalid'))
  let last = { candidate: -1, at: 0 }
  const typed = () => Object.fromEntries(inputs.map((input, c) => [c, input.value.trim()]).filter(([, text]) => text))
  const sound = () => Object.fromEntries(Object.entries(typed()).filter(([, text]) => isRank(text, contest)))
  const wrong = () => Object.values(typed()).some(text => !isRank(text, contest))
  const ranks = () => ranksOf(sound())

  const buttons = rows.map((row, c) => {
    const made = document.createElement('button')
    made.type = 'button'
    made.className = 'tap'
    made.innerHTML = '<b class="number" aria-hidden="true"></b><span class="name"></span><span class="unseen"></span>'
    $('.name', made).append(...$('label', row).cloneNode(true).childNodes)
    made.disabled = contest.out.includes(c)
    made.addEventListener('click', event => {
      const now = event.timeStamp
      if (last.candidate === c && now - last.at < SHAKE_MS) return
      last = { candidate: c, at: now }
      tap(c)
    })
    made.addEventListener('keydown', event => {
      if (/^[1-9]$/.test(event.key) && !event.ctrlKey && !event.metaKey && !event.altKey) { event.preventDefault(); put(c, Number(event.key)) }
    })
    row.insertBefore(made, $('.about', row))
    return made
  })

  function write(next, words) {
    undo.push(inputs.map(input => input.value))
    inputs.forEach(input => { input.value = '' })
    next.forEach((rank, i) => rank.forEach(c => { inputs[c].value = i + 1 }))
    update()
    announce(words)
  }
  function without(c) { // the ranking without a candidate; a rank that was theirs alone closes up
    return ranks().map(rank => rank.includes(c) ? (rank.length > 1 ? rank.filter(other => other !== c) : null) : rank).filter(rank => rank)
  }
  const isRanked = c => inputs[c].value !== ''
  function tap(c) {
    if (isRanked(c)) return write(without(c), said('unranked', { name: contest.names[c] }))
    write([...ranks(), [c]], said('ranked', { name: contest.names[c], rank: ranks().length + 1 }))
  }
  function put(c, number) {
    const next = without(c), at = Math.min(number - 1, next.length)
    next.splice(at, 0, [c])
    write(next, said('ranked', { name: contest.names[c], rank: at + 1 }))
  }
  function move(from, to) {
    const next = ranks(), [rank] = next.splice(from, 1)
    next.splice(to, 0, rank)
    write(next, said('ranked', { name: listed(rank.map(c => contest.names[c])), rank: to + 1 }))
  }
  function remove(i) {
    const names = ranks()[i].map(c => contest.names[c])
    write(ranks().filter((_, other) => other !== i), said('unranked', { name: listed(names) }))
  }

  inputs.forEach((input, c) => {
    let before = input.value
    input.addEventListener('focus', () => { before = input.value })
    input.addEventListener('input', () => {
      undo.push(inputs.map((other, i) => i === c ? before : other.value))
      before = input.value
      update()
    })
    input.addEventListener('keydown', event => { if (event.key === 'Enter') { event.preventDefault(); rows[c].nextElementSibling && $('input', rows[c].nextElementSibling).focus() } })
  })
  $('[data-do=undo]', section).addEventListener('click', () => {
    const values = undo.pop()
    if (values) { inputs.forEach((input, c) => { input.value = values[c] }); update(); announce(said('undone')) }
  })
  $('[data-do=clear]', section).addEventListener('click', () => write([], said('cleared')))
  const mode = $('[data-do=mode]', section)
  mode.addEventListener('click', () => { tapping = !tapping; update() })
  side.hidden = false

  function draw(list, line, notes, movable) {
    const now = ranks()
    list.replaceChildren(...now.map((rank, i) => {
      const item = $('#t-rank').content.cloneNode(true)
      const names = rank.map(c => contest.names[c])
      $('.number', item).textContent = i + 1
      $('.names', item).innerHTML = names.length ? names.map(name => `<bdi>${escaped(name)}</bdi>`).join(' = ') : `<span class="hint">${said('empty')}</span>`
      if (!movable) { $('.moves', item).remove(); return item }
      for (const [what, to, off] of [['up', i - 1, i === 0], ['down', i + 1, i === now.length - 1], ['remove', -1, false]]) {
        const button = $(`[data-do=${what}]`, item)
        mark(button, 'aria-label', said(what, { names: names.length ? listed(names) : said('empty') }))
        mark(button, 'aria-disabled', off && 'true')
        button.addEventListener('click', () => {
          if (off) return
          to < 0 ? remove(i) : move(i, to)
          const after = $$('li', list)[to < 0 ? Math.min(i, now.length - 2) : to]
          ;(after ? $(`[data-do=${what}]`, after) : $('[data-do=undo]', section)).focus()
        })
      }
      drag(item.firstElementChild, i, list, move)
      return item
    }))
    sentences(line, notes, follow(contest, now))
  }

  function update() {
    section.classList.toggle('tapping', tapping)
    for (const part of $$('.by-tap', section)) part.hidden = !tapping
    for (const part of $$('.by-number', section)) part.hidden = tapping
    inputs.forEach((input, c) => {
      const bad = input.value.trim() !== '' && !isRank(input.value.trim(), contest)
      input.hidden = $('label', rows[c]).hidden = tapping
      buttons[c].hidden = !tapping
      mark(input, 'aria-invalid', bad && 'true')
      mark(input, 'aria-describedby', bad && `f${place}-${c}`)
      $('.fault', rows[c]).hidden = !bad
      rows[c].classList.toggle('ranked', input.value !== '')
      $('.number', buttons[c]).textContent = input.value
      $('.unseen', buttons[c]).textContent = `(${input.value ? said('choice', { rank: input.value }) : said('not ranked')})`
      mark(buttons[c], 'aria-pressed', String(input.value !== ''))
    })
    draw($('.order', side), $('.line', side), $('.notes', side), true)
    const any = Object.keys(typed()).length > 0
    $('.none', side).hidden = any
    $('[data-do=undo]', section).disabled = !undo.length
    $('[data-do=clear]', section).disabled = !any
    changed()
  }
  let quiet = changed
  changed = () => {}
  update()
  changed = quiet
  return { section, typed, wrong, draw, set(values) { inputs.forEach((input, c) => { input.value = values[c] ?? '' }); tapping = !wrong(); update() } }
}

// Dragging an item of the order by its name, with a mouse or, after a short press, with a finger.

function drag(item, from, list, move) {
  const grip = $('.names', item)
  grip.addEventListener('pointerdown', event => {
    if (event.button) return
    let live = event.pointerType === 'mouse'
    const press = setTimeout(() => { live = true; item.classList.add('dragged') }, 200)
    const items = $$('li', list), startY = event.clientY
    let to = from
    const onMove = at => {
      if (!live) { if (Math.abs(at.clientY - startY) > 8) end(); return }
      item.classList.add('dragged')
      item.style.transform = `translateY(${at.clientY - startY}px)`
      to = items.reduce((found, other, i) => {
        const box = other.getBoundingClientRect(), middle = box.top + box.height / 2
        return i < from && at.clientY < middle ? Math.min(found, i) : i > from && at.clientY > middle ? Math.max(found, i) : found
      }, from)
      items.forEach((other, i) => other.classList.toggle('target', i === to && to !== from))
    }
    const hold = touch => { if (live) touch.preventDefault() }
    const end = () => {
      clearTimeout(press)
      removeEventListener('pointermove', onMove)
      removeEventListener('pointerup', drop)
      removeEventListener('pointercancel', end)
      list.removeEventListener('touchmove', hold)
      item.style.transform = ''
      for (const other of items) other.classList.remove('dragged', 'target')
    }
    const drop = () => { end(); if (to !== from) move(from, to) }
    addEventListener('pointermove', onMove)
    addEventListener('pointerup', drop)
    addEventListener('pointercancel', end)
    list.addEventListener('touchmove', hold, { passive: false })
  })
}

// Casting: the same ballot is sent until its answer is known.

let casting = false
let again = () => {}

async function cast() {
  if (casting) return
  casting = true
  let unsure = ballot.sent // it may have arrived before, and its answer not
  ballot.sent = true
  kept.write()
  only($('#sending'))
  focusOn($('#sending h1'))
  const say = text => { $('#sending .say').textContent = text }
  const fields = { step: 'cast', code: ballot.code, ballot: ballot.id }
  ballot.typed.forEach((typed, n) => { for (const [c, text] of Object.entries(typed)) fields[`${n}.${c}`] = text })
  $('#sending [data-do=again]').onclick = () => again()
  addEventListener('beforeunload', hold)
  for (;;) {
    say(said('sending'))
    let answer = null
    try { answer = await post(fields) } catch { unsure = true }
    if (answer && answer.status < 500 && answer.status !== 429) { end(answer, unsure); return }
    if (answer && answer.status === 503) await pause('busy', answer.wait)
    else if (!answer && !navigator.onLine) await pause('offline', 3600)
    else { unsure = true; await pause(answer?.status === 429 ? 'busy' : 'unanswered', answer?.wait ?? RETRY_S) }
  }
  function pause(key, seconds) {
    return new Promise(resolve => {
      const left = Math.max(2, Math.min(seconds, 3600))
      say(said(key, { seconds: left }))
      const timer = setTimeout(go, left * 1000 + Math.random() * 500) // not all who were put off together come back together
      again = go
      addEventListener('online', go)
      function go() { clearTimeout(timer); removeEventListener('online', go); resolve() }
    })
  }
}

const hold = event => event.preventDefault()

function end(answer, unsure) {
  casting = false
  removeEventListener('beforeunload', hold)
  const left = ballot
  kept.clear()
  show(answer.html)
  const page = $('main').dataset.page
  if (page === 'paused') { ballot = { ...left, sent: unsure }; kept.write() }
  globalThis.onpopstate = ({ state }) => { if (!state) location.reload() }
  if (page === 'receipt') windows?.postMessage({ election, code: left.code })
  if (unsure && $('[data-unsure]')) { $('[data-unsure]').hidden = false; $('[data-sure]').hidden = true }
}

if (windows) windows.onmessage = ({ data: other }) => {
  if (other.election !== election || !ballot || ballot.code !== other.code || casting) return
  kept.clear()
  for (const part of [$('form#ballot'), $('#review')]) part?.remove()
  only($('#elsewhere'))
  focusOn($('#elsewhere h1'))
}

// The receipt

function receipt() {
  kept.clear()
  const copy = $('[data-do=copy]')
  for (const button of $$('[data-do=copy], [data-do=print]')) button.hidden = false
  copy?.addEventListener('click', async () => {
    try { await navigator.clipboard.writeText($('[data-copy]').dataset.copy); announce($('#said').dataset.copied) }
    catch { getSelection().selectAllChildren($('[data-copy]')) }
  })
  $('[data-do=print]').addEventListener('click', () => print())
}

// A screen that many people use starts anew after each of them.

function kiosk() {
  const dialog = $('#idle')
  let first = location.search // how the screen was set up: an elector may choose another language
  try { first = sessionStorage.kiosk ??= first } catch { /* no storage: the last language stays */ }
  const begin = location.pathname.replace(/\/practice$/, '') + first
  let idle = Date.now(), finish = 0
  const anew = () => { kept.clear(); location.replace(begin) }
  const touch = () => { if (!dialog.open) idle = Date.now() }
  for (const kind of ['pointerdown', 'keydown', 'input']) addEventListener(kind, touch, true)
  $('button', dialog).addEventListener('click', () => { dialog.close(); idle = Date.now() })
  document.addEventListener('click', event => {
    const what = event.target.closest?.('[data-do]')?.dataset.do
    if (what === 'finish') { event.preventDefault(); anew() }
    if (what === 'more') finish = Date.now() + 120_000
  })
  setInterval(() => {
    const page = $('main').dataset.page
    const seconds = until => Math.ceil((until - Date.now()) / 1000)
    if (page === 'receipt') {
      finish ||= Date.now() + 60_000
      $('[data-countdown]').hidden = false
      $('[data-countdown] [data-seconds]').textContent = seconds(finish)
      if (Date.now() >= finish) anew()
    } else if (!casting && (page !== 'start' || $('#code')?.value) && Date.now() - idle > IDLE_MS) {
      if (!dialog.open) dialog.showModal()
      $('[data-seconds]', dialog).textContent = seconds(idle + IDLE_MS + 30_000)
      if (Date.now() - idle > IDLE_MS + 30_000) anew()
    }
  }, 500)
  addEventListener('pageshow', event => { if (event.persisted) location.reload() })
}

// A personal link that is opened where the page already is does not load it anew.
addEventListener('hashchange', async () => {
  if (casting || !location.hash.startsWith('#code=')) return
  try { show(await look()) } catch { location.reload() }
})
$('.skip').addEventListener('click', event => { event.preventDefault(); focusOn($('main')) })
ready()
if (root.hasAttribute('data-kiosk')) kiosk()
