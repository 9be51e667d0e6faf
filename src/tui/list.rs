//! The list of accounts: which rows there are, in which order, and which is selected.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};

use crate::account::{Account, AccountId, DUE_WITHIN, Status};
use crate::skill::Described;
use crate::{report, when};

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

/// The accounts as last read, and how they are looked at.
#[derive(Debug)]
pub struct List {
    accounts: Vec<Account>,
    /// Positions in `accounts` of the rows shown, in their order.
    rows: Vec<usize>,
    selected: usize,
    filter: String,
    sort: Sort,
    marks: BTreeSet<AccountId>,
    /// To be selected once it is read.
    awaited: Option<AccountId>,
    /// Services of the person's skills that have no account, those that fit the filter.
    unconnected: Vec<Described>,
    described: Vec<Described>,
}

impl Default for List {
    fn default() -> Self {
        Self {
            accounts: Vec::new(),
            rows: Vec::new(),
            selected: 0,
            filter: String::new(),
            sort: Sort::SoonestEnd,
            marks: BTreeSet::new(),
            awaited: None,
            unconnected: Vec::new(),
            described: Vec::new(),
        }
    }
}

impl List {
    /// Takes freshly read accounts; marks stay with the accounts they were on, and so does the selection unless one is awaited.
    pub fn replace(&mut self, accounts: Vec<Account>, described: Vec<Described>, now: Timestamp) {
        self.described = described;
        let kept = self.awaited.take().or_else(|| self.selected().map(|account| account.id.clone()));
        self.marks.retain(|id| accounts.iter().any(|account| account.id == *id));
        self.accounts = accounts;
        self.arrange(kept, now);
    }

    pub fn accounts(&self) -> &[Account] {
        &self.accounts
    }

    pub fn rows(&self) -> impl ExactSizeIterator<Item = &Account> {
        self.rows.iter().map(|row| &self.accounts[*row])
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

    pub fn clear_marks(&mut self) {
        self.marks.clear();
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

    /// The accounts that a key acts on: the marked ones in their order, else the selected one.
    pub fn targets(&self) -> Vec<&Account> {
        if self.marks.is_empty() {
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

    fn rearrange(&mut self, now: Timestamp) {
        let kept = self.selected().map(|account| account.id.clone());
        self.arrange(kept, now);
    }

    /// Works out the rows anew, with the selection on the account `kept`.
    fn arrange(&mut self, kept: Option<AccountId>, now: Timestamp) {
        report::soonest_first(&mut self.accounts);
        match self.sort {
            Sort::SoonestEnd => {}
            Sort::Service => self.accounts.sort_by_key(|account| account.service.to_lowercase()),
            Sort::Status => self.accounts.sort_by_key(|account| account.status(now, DUE_WITHIN)),
        }
        let words: Vec<String> = self.filter.to_lowercase().split_whitespace().map(str::to_owned).collect();
        self.rows = (0..self.accounts.len()).filter(|row| fits(&self.accounts[*row], &words, now)).collect();
        let found = kept.and_then(|id| self.rows.iter().position(|row| self.accounts[*row].id == id));
        let names = |service: &Described| format!("{} {}", service.id, service.name).to_lowercase();
        let open = self.described.iter().filter(|service| !service.is_connected(&self.accounts));
        self.unconnected =
            open.filter(|service| words.iter().all(|word| names(service).contains(word.as_str()))).cloned().collect();
        self.selected = found.unwrap_or(self.selected.min(self.last()));
    }

    /// Who needs somebody, and what ends next, in a sentence.
    pub fn headline(&self, now: Timestamp) -> String {
        let needing = self.accounts.iter().filter(|account| account.needs_person(now, DUE_WITHIN)).count();
        let next = self
            .accounts
            .iter()
            .filter(|account| account.status(now, DUE_WITHIN) != Status::Revoked)
            .filter_map(|account| Some((account.person_needed_at().filter(|end| *end > now)?, account)))
            .min_by_key(|(end, _)| *end);
        let review = |account: &&Account| account.review_at().is_some_and(|at| at.duration_since(now) <= DUE_WITHIN);
        let needing = match (needing, self.accounts.iter().filter(review).count()) {
            (0, 0) => "Nothing needs you this week.".to_owned(),
            (0, 1) => "1 to look at this week: a key without an end.".to_owned(),
            (0, several) => format!("{several} to look at this week: keys without an end."),
            (1, 0) => "1 needs you.".to_owned(),
            (several, 0) => format!("{several} need you."),
            (1, looks) => format!("1 needs you, {looks} to look at."),
            (several, looks) => format!("{several} need you, {looks} to look at."),
        };
        match next {
            Some((end, account)) => {
                format!("{needing} Next to end: {}, {}.", account.service, when::relative(end, now))
            }
            None => needing,
        }
    }

    /// When a word on the screen changes by the clock alone.
    pub fn next_change(&self, now: Timestamp, rows: std::ops::Range<usize>) -> Option<Timestamp> {
        let visible = self.rows.get(rows.start..rows.end.min(self.rows.len())).unwrap_or_default();
        let ends = visible.iter().filter_map(|row| self.accounts[*row].expires_at());
        let due = self.accounts.iter().filter_map(|account| {
            let due = account.person_needed_at()?.checked_sub(DUE_WITHIN).ok()?;
            (due > now && due.duration_since(now) < SignedDuration::from_hours(24)).then_some(due)
        });
        ends.map(|end| when::next_change(end, now)).chain(due).min()
    }
}

/// Every word typed is found in something the row shows.
fn fits(account: &Account, words: &[String], now: Timestamp) -> bool {
    let status = account.status(now, DUE_WITHIN).as_str();
    let shown = [
        account.service.as_str(),
        account.id.as_str(),
        account.identity.as_deref().unwrap_or_default(),
        account.mode.label(),
        status,
    ];
    let text = format!("{} {}", shown.join(" "), account.scopes.join(" ")).to_lowercase();
    words.iter().all(|word| text.contains(word.as_str()))
}
