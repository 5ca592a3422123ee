from services.registry.domain.life import render
from services.registry.domain.life.__main__ import PAGE, main


def test_the_page_is_what_the_table_says() -> None:
    assert PAGE.read_text("utf-8") == render()
    assert main(["check"]) == 0
