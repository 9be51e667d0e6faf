//! The list of accounts: which rows there are, in which order, which is selected, and which of them are on the screen.
//!
//! What has to be worked out over all accounts is worked out when they are read, when the filter or the order changes, and
//! when the clock makes a difference; drawing costs the same for a hundred accounts and a hundred thousand.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::ops::Range;

use jiff::{SignedDuration, Timestamp};

use crate::account::{Account, AccountId, DUE_WITHIN, Horizon, Status};
use crate::skill::Described;
use crate::when;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sort {
    SoonestEnd,
    Service,
    Status,
}

impl Sort {
    fn next(self) -> Self {
        match self {
            Sort::SoonestEnd => Sort::Service,
            Sort::Service => Sort::Status,
            Sort::Status => Sort::SoonestEnd,
        }
    }

    pub fn label(self) -> &'static str {
        match self {
            Sort::SoonestEnd => "soonest end first",
            Sort::Service => "by service",
            Sort::Status => "by status",
        }
    }
}

/// One row of what is listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shown<'a> {
    /// Over accounts that need somebody by the same time.
    Group(Horizon),
    /// With its place in the order of the selection.
    Account(usize, &'a Account),
    Gap,
    /// Over the services that are not connected yet.
    Heading,
    Service(usize, &'a Described),
}

/// What ends when, hour by hour: the worst that is told of an hour.
#[derive(Debug, Default)]
pub struct Calendar {
    hours: BTreeMap<Timestamp, Status>,
    /// How many end after all that is shown.
    beyond: usize,
}

/// How far the calendar goes.
pub const CALENDAR: SignedDuration = SignedDuration::from_hours(90 * 24);
const HOUR: i64 = 3_600;

/// When an account is told of in the calendar, if it is: what is over at its service, or never ends, is not. What has ended
/// stands at this very hour.
pub fn mark(account: &Account, status: Status, now: Timestamp) -> Option<Timestamp> {
    let is_told =
        status != Status::Revoked && !matches!(account.horizon(status, now), Horizon::Never | Horizon::Elsewhere);
    let at = account.attention_at().filter(|_| is_told)?.max(now);
    Timestamp::from_second(at.as_second().div_euclid(HOUR) * HOUR).ok()
}

impl Calendar {
    fn add(&mut self, at: Timestamp, status: Status, now: Timestamp) {
        if at.duration_since(now) > CALENDAR {
            self.beyond += 1;
            return;
        }
        self.hours.entry(at).and_modify(|worst| *worst = status.min(*worst)).or_insert(status);
    }

    /// The moments, soonest first, and what is told of them.
    pub fn marks(&self) -> impl Iterator<Item = (Timestamp, Status)> {
        self.hours.iter().map(|(at, status)| (*at, *status))
    }

    pub fn beyond(&self) -> usize {
        self.beyond
    }
}

/// What is said of all accounts together, until the clock says otherwise.
#[derive(Debug, Default)]
struct Summary {
    needing_now: usize,
    needing_this_week: usize,
    /// The next to end, as a place in `accounts`.
    next: Option<usize>,
    calendar: Calendar,
    good_until: Option<Timestamp>,
}

/// What is looked at of an account when it is searched and sorted.
#[derive(Debug)]
struct Facts {
    /// What a filter is looked for in.
    text: String,
    service: String,
}

impl Facts {
    fn of(account: &Account) -> Self {
        let identity = account.identity.as_deref().unwrap_or_default();
        let scopes = account.scopes.join(" ");
        let shown = [&account.service, account.id.as_str(), identity, account.mode.label(), &scopes];
        Self { text: shown.join(" ").to_lowercase(), service: account.service.to_lowercase() }
    }
}

/// The accounts as last read, and how they are looked at.
#[derive(Debug)]
pub struct List {
    accounts: Vec<Account>,
    facts: Vec<Facts>,
    /// Accounts that hold the same credential.
    twins: HashMap<String, Vec<usize>>,
    /// Positions in `accounts` of those that fit the filter, in their order.
    rows: Vec<usize>,
    /// Where in `rows` each group is.
    groups: Vec<(Horizon, Range<usize>)>,
    summary: Summary,
    selected: usize,
    /// The first row on the screen.
    top: usize,
    filter: String,
    sort: Sort,
    marks: BTreeSet<AccountId>,
    /// How many of them the filter hides; no key acts on those.
    hidden_marks: usize,
    /// To be selected once it is read.
    awaited: Option<AccountId>,
    /// Services of the person's skills that have no account; of those the ones that fit the filter.
    open: Vec<Described>,
    unconnected: Vec<Described>,
}

impl Default for List {
    fn default() -> Self {
        Self {
            accounts: Vec::new(),
            facts: Vec::new(),
            twins: HashMap::new(),
            rows: Vec::new(),
            groups: Vec::new(),
            summary: Summary::default(),
            selected: 0,
            top: 0,
            filter: String::new(),
            sort: Sort::SoonestEnd,
            marks: BTreeSet::new(),
            hidden_marks: 0,
            awaited: None,
            open: Vec::new(),
            unconnected: Vec::new(),
        }
    }
}

impl List {
    /// Takes freshly read accounts; marks stay with the accounts they were on, and so does the selection unless one is awaited.
    pub fn replace(&mut self, accounts: Vec<Account>, described: Vec<Described>, now: Timestamp) {
        self.open = described.into_iter().filter(|service| !service.is_connected(&accounts)).collect();
        let kept = self.awaited.take().or_else(|| self.selected().map(|account| account.id.clone()));
        let there: BTreeSet<&AccountId> = accounts.iter().map(|account| &account.id).collect();
        self.marks.retain(|id| there.contains(id));
        self.facts = accounts.iter().map(Facts::of).collect();
        self.twins.clear();
        for (nth, account) in accounts.iter().enumerate() {
            if let Some(fingerprint) = &account.more.fingerprint {
                self.twins.entry(fingerprint.clone()).or_default().push(nth);
            }
        }
        self.accounts = accounts;
        self.arrange(kept, now);
    }

    pub fn accounts(&self) -> &[Account] {
        &self.accounts
    }

    pub fn rows(&self) -> impl ExactSizeIterator<Item = &Account> {
        self.rows.iter().map(|row| &self.accounts[*row])
    }

    /// The ids of the accounts that hold the same credential.
    pub fn twins(&self, account: &Account) -> Vec<&str> {
        let same = account.more.fingerprint.as_ref().and_then(|fingerprint| self.twins.get(fingerprint));
        let others = same.into_iter().flatten().map(|nth| self.accounts[*nth].id.as_str());
        others.filter(|id| *id != account.id.as_str()).collect()
    }

    /// The services that are not connected yet, below the accounts.
    pub fn unconnected(&self) -> &[Described] {
        &self.unconnected
    }

    /// The one of them that is selected.
    pub fn selected_service(&self) -> Option<&Described> {
        self.unconnected.get(self.selected.checked_sub(self.rows.len())?)
    }

    fn last(&self) -> usize {
        (self.rows.len() + self.unconnected.len()).saturating_sub(1)
    }

    pub fn selected(&self) -> Option<&Account> {
        self.rows.get(self.selected).map(|row| &self.accounts[*row])
    }

    /// Selects this account when the list is read the next time.
    pub fn await_account(&mut self, id: AccountId) {
        self.awaited = Some(id);
    }

    pub fn selected_row(&self) -> usize {
        self.selected
    }

    /// Selects what stands at a place in the order of the selection.
    pub fn select(&mut self, nth: usize) {
        self.selected = nth.min(self.last());
    }

    pub fn filter(&self) -> &str {
        &self.filter
    }

    pub fn set_filter(&mut self, filter: &str, now: Timestamp) {
        self.filter = filter.to_owned();
        self.rearrange(now);
    }

    pub fn sort(&self) -> Sort {
        self.sort
    }

    pub fn sort_next(&mut self, now: Timestamp) {
        self.sort = self.sort.next();
        self.rearrange(now);
    }

    pub fn is_marked(&self, id: &AccountId) -> bool {
        self.marks.contains(id)
    }

    pub fn marked(&self) -> usize {
        self.marks.len()
    }

    /// How many marks are on accounts that the filter hides.
    pub fn hidden_marks(&self) -> usize {
        self.hidden_marks
    }

    pub fn clear_marks(&mut self) {
        self.marks.clear();
        self.hidden_marks = 0;
    }

    /// Marks the selected row or takes its mark away, and goes on to the next one.
    pub fn toggle_mark(&mut self) {
        if let Some(id) = self.selected().map(|account| account.id.clone()) {
            if !self.marks.remove(&id) {
                self.marks.insert(id);
            }
            self.move_by(1);
        }
    }

    /// Are there marks that can be seen?
    pub fn acts_on_marks(&self) -> bool {
        self.marks.len() > self.hidden_marks
    }

    /// The accounts that a key acts on: the marked ones in their order, else the selected one.
    pub fn targets(&self) -> Vec<&Account> {
        if !self.acts_on_marks() {
            return self.selected().into_iter().collect();
        }
        self.rows().filter(|account| self.is_marked(&account.id)).collect()
    }

    pub fn move_by(&mut self, rows: isize) {
        self.selected = self.selected.saturating_add_signed(rows).min(self.last());
    }

    pub fn move_to_end(&mut self, bottom: bool) {
        self.selected = if bottom { self.last() } else { 0 };
    }

    /// How many rows there are, headings and all.
    pub fn height(&self) -> usize {
        let above = self.rows.len() + self.groups.len();
        match self.unconnected.len() {
            0 => above,
            // A heading, and a gap over it where anything is above.
            services => above + usize::from(above > 0) + 1 + services,
        }
    }

    /// What stands in a row.
    pub fn shown(&self, row: usize) -> Option<Shown<'_>> {
        let account = |nth: usize| Shown::Account(nth, &self.accounts[self.rows[nth]]);
        let above = self.rows.len() + self.groups.len();
        if row < above {
            if self.groups.is_empty() {
                return Some(account(row));
            }
            // A group's heading stands as many rows further down as there are headings before it.
            let starts_at = |nth: usize| self.groups[nth].1.start + nth;
            let nth = (0..self.groups.len()).rev().find(|nth| starts_at(*nth) <= row)?;
            return Some(match row - starts_at(nth) {
                0 => Shown::Group(self.groups[nth].0),
                below => account(self.groups[nth].1.start + below - 1),
            });
        }
        let below = row - above + usize::from(above == 0);
        match below {
            _ if self.unconnected.is_empty() => None,
            0 => Some(Shown::Gap),
            1 => Some(Shown::Heading),
            nth => self.unconnected.get(nth - 2).map(|service| Shown::Service(self.rows.len() + nth - 2, service)),
        }
    }

    /// The row of the selection, and the first one that has to be seen with it: its heading.
    fn place_of_selection(&self) -> (usize, usize) {
        let above = self.rows.len() + self.groups.len();
        match self.selected.checked_sub(self.rows.len()) {
            Some(nth) if !self.unconnected.is_empty() => {
                let row = above + usize::from(above > 0) + 1 + nth;
                (if nth == 0 { row - 1 } else { row }, row)
            }
            _ => {
                let headings = self.groups.iter().filter(|(_, rows)| rows.start <= self.selected).count();
                let is_first = self.groups.iter().any(|(_, rows)| rows.start == self.selected);
                let row = self.selected + headings;
                (if is_first { row.saturating_sub(1) } else { row }, row)
            }
        }
    }

    /// The first row on the screen.
    pub fn top(&self) -> usize {
        self.top
    }

    /// Moves what is on the screen no further than needed, so that the selection is among its `room` rows.
    pub fn keep_in_sight(&mut self, room: usize) {
        let (first, row) = self.place_of_selection();
        let lowest = (row + 1).saturating_sub(room);
        self.top = self.top.clamp(lowest, first.max(lowest)).min(self.height().saturating_sub(room));
    }

    fn rearrange(&mut self, now: Timestamp) {
        let kept = self.selected().map(|account| account.id.clone());
        self.arrange(kept, now);
    }

    /// Looks at the clock: groups, headline and timeline may be others by now.
    pub fn tick(&mut self, now: Timestamp) {
        if self.summary.good_until.is_some_and(|until| until <= now) {
            self.rearrange(now);
        }
    }

    /// Works out the rows anew, with the selection on the account `kept`.
    fn arrange(&mut self, kept: Option<AccountId>, now: Timestamp) {
        let words: Vec<String> = self.filter.to_lowercase().split_whitespace().map(str::to_owned).collect();
        let mut summary = Summary::default();
        let mut next: Option<(Timestamp, usize)> = None;
        let (mut found, mut changes) = (Vec::new(), Vec::new());
        for (nth, account) in self.accounts.iter().enumerate() {
            let status = account.status(now, DUE_WITHIN);
            let horizon = account.horizon(status, now);
            summary.needing_now += usize::from(horizon == Horizon::Now);
            summary.needing_this_week += usize::from(horizon == Horizon::Week);
            changes.extend(account.horizon_changes(now));
            let counts = status != Status::Revoked && !account.is_foreign();
            let end = account.person_needed_at().filter(|end| *end > now && counts);
            if let Some(end) = end.filter(|end| next.is_none_or(|(soonest, _)| *end < soonest)) {
                next = Some((end, nth));
            }
            let fits =
                |word: &String| self.facts[nth].text.contains(word.as_str()) || status.as_str().contains(word.as_str());
            if !words.iter().all(fits) {
                continue;
            }
            if let Some(at) = mark(account, status, now) {
                summary.calendar.add(at, status, now);
            }
            found.push((nth, status, horizon));
        }
        summary.next = next.map(|(_, nth)| nth);
        // The calendar is told from this hour on.
        let this_hour = now.checked_add(SignedDuration::from_secs(HOUR)).ok();
        let has_marks = !summary.calendar.hours.is_empty();
        summary.good_until = changes.into_iter().chain(this_hour.filter(|_| has_marks)).min();
        self.summary = summary;
        let by_end = |nth: usize| self.accounts[nth].attention_at().unwrap_or(Timestamp::MAX);
        let by_name = |nth: usize| (&self.facts[nth].service, &self.accounts[nth].id);
        match self.sort {
            Sort::SoonestEnd => found.sort_by_cached_key(|(nth, _, horizon)| (*horizon, by_end(*nth), by_name(*nth))),
            Sort::Service => found.sort_by_cached_key(|(nth, ..)| (by_name(*nth), by_end(*nth))),
            Sort::Status => found.sort_by_cached_key(|(nth, status, _)| (*status, by_end(*nth), by_name(*nth))),
        }
        self.groups.clear();
        if self.sort == Sort::SoonestEnd {
            for horizon in Horizon::ALL {
                let start = found.partition_point(|(.., of)| *of < horizon);
                let end = found.partition_point(|(.., of)| *of <= horizon);
                self.groups.extend((start < end).then_some((horizon, start..end)));
            }
        }
        self.rows = found.into_iter().map(|(nth, ..)| nth).collect();
        self.hidden_marks = match self.marks.is_empty() || words.is_empty() {
            true => 0,
            false => self.marks.len() - self.rows().filter(|account| self.is_marked(&account.id)).count(),
        };
        let at = kept.and_then(|id| self.rows.iter().position(|row| self.accounts[*row].id == id));
        let names = |service: &Described| format!("{} {}", service.id, service.name).to_lowercase();
        let fitting = |service: &&Described| words.iter().all(|word| names(service).contains(word.as_str()));
        self.unconnected = self.open.iter().filter(fitting).cloned().collect();
        self.selected = at.unwrap_or(self.selected.min(self.last()));
    }

    /// What ends when, of the accounts that fit the filter.
    pub fn calendar(&self) -> &Calendar {
        &self.summary.calendar
    }

    /// Who needs somebody, and what ends next, in a sentence.
    pub fn headline(&self, now: Timestamp) -> String {
        let who = |number: usize| if number == 1 { "1 needs you".to_owned() } else { format!("{number} need you") };
        let needing = match (self.summary.needing_now, self.summary.needing_this_week) {
            (0, 0) => "Nothing needs you this week.".to_owned(),
            (0, week) => format!("{} this week.", who(week)),
            (now, 0) => format!("{} now.", who(now)),
            (now, week) => format!("{} now, {week} more this week.", who(now)),
        };
        self.and_next(needing, now)
    }

    /// The same where there is little room.
    pub fn short_headline(&self, now: Timestamp) -> String {
        self.and_next(format!("{} now, {} this week.", self.summary.needing_now, self.summary.needing_this_week), now)
    }

    fn and_next(&self, needing: String, now: Timestamp) -> String {
        let next = self.summary.next.map(|nth| &self.accounts[nth]);
        match next.and_then(|account| Some((account, account.person_needed_at()?))) {
            Some((account, end)) => format!("{needing} Next: {}, {}.", account.service, when::relative(end, now)),
            None => needing,
        }
    }

    /// When a word on the screen changes by the clock alone; `room` rows of the list are on it, or the detail, or both.
    pub fn next_change(&self, now: Timestamp, room: usize, detail: bool) -> Option<Timestamp> {
        let visible = (self.top..self.top + room).map_while(|row| self.shown(row)).filter_map(|shown| match shown {
            Shown::Account(_, account) => Some(account),
            _ => None,
        });
        let next = self.summary.next.and_then(|nth| self.accounts[nth].person_needed_at());
        let layers =
            self.selected().into_iter().flat_map(|account| &account.layers).filter_map(|layer| layer.expires_at);
        let left = visible.filter_map(|account| account.expires_at().or_else(|| account.review_at()));
        let moments = |account: &Account| {
            let asked = account.proof.map(|proof| proof.at);
            [account.created_at, account.renewed_at, account.verified_at, asked, account.review_at()]
        };
        let history = self.selected().filter(|_| detail).into_iter().flat_map(moments).flatten();
        let told = left.chain(next).chain(layers).chain(history);
        told.map(|end| when::next_change(end, now)).chain(self.summary.good_until).min()
    }
}
