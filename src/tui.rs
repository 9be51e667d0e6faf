use crate::command::Settings;
use crate::problem::Problem;
pub async fn run(_s: Settings, _x: Option<()>) -> Result<(), Problem> {
    Ok(())
}
pub async fn demo(_s: Settings) -> Result<(), Problem> {
    Ok(())
}
