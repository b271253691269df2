"""ALLURE: the only room that imports allure."""
