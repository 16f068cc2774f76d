"""What pictures and texts of other tools say about how a picture was made.

One module per format reads it into the same `Recipe`; `read_text` and `read_picture` find the
format by its content. Nothing is guessed silently: what a format says and is not understood
stands in the recipe's notes, and input that is no recipe at all is a `MetadataError`.
"""

from .documents import read_text
from .pictures import is_picture, picture_infotext, read_picture
from .recipe import HiresRecipe, MetadataError, NamedLora, Recipe, UsedVersion
from .records import recipe_of_record, recipes_of_json

__all__ = [
    "HiresRecipe",
    "MetadataError",
    "NamedLora",
    "Recipe",
    "UsedVersion",
    "is_picture",
    "picture_infotext",
    "read_picture",
    "read_text",
    "recipe_of_record",
    "recipes_of_json",
]
