//! Taking the accounts of the token file into the vault: copy, read back, compare, and only then delete.

use super::vault::none_yet;
use super::{Store, Stores};
use crate::account::{Account, Kept, Source, StoreKind};
use crate::flow::storage::TakenOver;
use crate::problem::{Kind, Problem};

/// Each account is moved in whole steps: cut off at any point, it is in one of the two or in both, and a second run goes on.
pub fn take_over(stores: &Stores, foreign: bool) -> Result<TakenOver, Problem> {
    let vault = stores.required_vault()?;
    let file = stores.file().ok_or_else(|| stores.no_such(StoreKind::Json))?;
    if !stores.is_in_use(StoreKind::Vault) {
        return Err(Problem::new(
            Kind::Usage,
            "The vault is not in use here, so what is moved into it would be listed no more.",
            "Call it with --store vault; afterwards unset AUTH_MD_TOKEN_STORE, so that the vault is what is listed.",
        ));
    }
    if !vault.exists() {
        return Err(none_yet());
    }
    // Reading back needs the key: better known before anything is written.
    vault.ready()?;
    let listing = file.accounts();
    if let Some(problem) = listing.problem {
        return Err(problem);
    }
    let mut taken = TakenOver::default();
    for listed in listing.accounts {
        let own = listed.source == Source::Own;
        if !own && !foreign {
            continue;
        }
        let _lease = stores.lock(&listed.id)?;
        let Some(kept) = file.load(&listed.id)? else {
            continue;
        };
        let held = vault.load(&listed.id)?;
        let account = Account { store: StoreKind::Vault, source: Source::Own, ..kept.account.clone() };
        let copy = Kept { account, secrets: kept.secrets.clone() };
        match held {
            Some(held) if held.secrets == copy.secrets => {
                // There already, from a run before this one that was cut off, or by hand.
                if !own {
                    continue;
                }
            }
            Some(held) if held.account.obtained_at() > copy.account.obtained_at() => {
                taken.newer += 1;
                continue;
            }
            _ => {
                vault.save(&copy)?;
                if vault.load(&listed.id)?.as_ref() != Some(&copy) {
                    return Err(Problem::new(
                        Kind::Store,
                        format!("{} did not read back from the vault as it was written.", listed.id),
                        "It is still in the token file; nothing was deleted there.",
                    ));
                }
            }
        }
        match own {
            true => taken.moved += usize::from(file.forget_if_same(&kept)?),
            false => taken.copied += 1,
        }
    }
    Ok(taken)
}
