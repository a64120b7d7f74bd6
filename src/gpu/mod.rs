//! The GPU engine.
use crate::Result;
/// stub
#[derive(Clone)]
pub struct Gpu;
/// stub
pub struct Tensor;
impl Gpu {
    pub(crate) fn for_engine() -> Result<Option<Self>> {
        Ok(None)
    }
}
impl crate::Engine for Gpu {
    fn description(&self) -> String {
        String::new()
    }
    fn compute(
        &self,
        _f: &crate::Activation,
        _d: crate::Direction,
        _x: &[f32],
        _g: Option<&[f32]>,
        _o: &mut [f32],
    ) -> Result<()> {
        Ok(())
    }
    fn compute_in_place(
        &self,
        _f: &crate::Activation,
        _d: crate::Direction,
        _x: &mut [f32],
    ) -> Result<()> {
        Ok(())
    }
}
