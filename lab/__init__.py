"""A small trained world: drawn scenes, a latent diffusion model of them, LoRAs and a judge."""
