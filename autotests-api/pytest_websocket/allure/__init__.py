"""The Allure report; the only importer of allure."""
